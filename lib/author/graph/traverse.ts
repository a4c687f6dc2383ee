// Walks over an expression graph: topological order, rebuilding and substitution.
import { apply } from "./infer.ts";
import type { Tensor } from "./tensor.ts";

/** What must be there before a node is; more than its inputs, say, where several nodes are to become one. */
export type Needs = (node: Tensor) => readonly Tensor[];
const inputsOf: Needs = (node) => node.inputs;

/** Every node that the outputs need, inputs before users; the order depends on the structure only. */
export function topological(outputs: readonly Tensor[], needs: Needs = inputsOf): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  // Iterative, because a training graph is thousands of nodes deep.
  const stack = outputs.toReversed().map((node) => ({ node, next: 0 }));
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    if (top.next === 0 && seen.has(top.node)) {
      stack.pop();
      continue;
    }
    seen.add(top.node);
    const child = needs(top.node)[top.next++];
    if (!child) {
      order.push(top.node);
      stack.pop();
    } else if (!seen.has(child)) stack.push({ node: child, next: 0 });
  }
  return order;
}

/** Rebuilds the outputs bottom-up; `rule` may answer another tensor for a node of which all that it needs is already rebuilt. */
export function rewrite(
  outputs: readonly Tensor[],
  rule: (node: Tensor, inputs: readonly Tensor[]) => Tensor | undefined,
  needs: Needs = inputsOf,
): Tensor[] {
  const rebuilt = new Map<Tensor, Tensor>();
  for (const node of topological(outputs, needs)) {
    const inputs = needs(node).map((child) => rebuilt.get(child)!);
    const unchanged = inputs.every((child, i) => child === node.inputs[i]);
    rebuilt.set(node, rule(node, inputs) ?? (unchanged ? node : apply(node.op, inputs, node.attrs)));
  }
  return outputs.map((node) => rebuilt.get(node)!);
}

/** The outputs with some nodes replaced by others of the same type. */
export function substitute(outputs: readonly Tensor[], replacements: ReadonlyMap<Tensor, Tensor>): Tensor[] {
  return rewrite(outputs, (node) => replacements.get(node));
}
