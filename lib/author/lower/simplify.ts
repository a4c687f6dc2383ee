// What needs no computing once differentiation is over: what is zero for certain, and sums that are known otherwise.

import { zeros } from "../graph/constant.ts";
import { apply } from "../graph/infer.ts";
import type { OpType, Tensor } from "../graph/tensor.ts";
import { rewrite } from "../graph/traverse.ts";
import { gradientOfAttention, productOfTurned } from "./attention-gradient.ts";
import { gradientOfSilu } from "./silu-gradient.ts";

/** Operators that answer zero where their first input is, or where any factor is. */
const keepsZero: ReadonlySet<OpType> = new Set<OpType>([
  "Neg",
  "Reshape",
  "Expand",
  "Transpose",
  "ReduceSum",
]);
const factors: ReadonlySet<OpType> = new Set<OpType>(["Mul", "MatMul"]);

/** Other expressions of the same. */
const cheaper = [gradientOfAttention, productOfTurned, gradientOfSilu];

/**
 * The outputs without stopped gradients, which matter to differentiation alone, and without the differences x - stopGradient(x) that
 * are there for second derivatives only.
 */
export function simplify(outputs: readonly Tensor[]): Tensor[] {
  const zero = new Set<Tensor>();
  const nothing = (node: Tensor) => {
    const tensor = zeros(node.shape);
    zero.add(tensor);
    return tensor;
  };
  return rewrite(outputs, (node, inputs) => {
    const [a, b] = inputs;
    if (node.op === "StopGradient") return a;
    if (node.op === "Sub" && a === b && node.dtype === "float32") return nothing(node);
    if (keepsZero.has(node.op) && zero.has(a!)) return nothing(node);
    if (factors.has(node.op) && inputs.some((x) => zero.has(x))) return nothing(node);
    return term(node, inputs, zero) ?? cheaper.map((rule) => rule(node, inputs)).find((found) => found);
  });
}

/** A sum or a difference of which one side is zero. */
function term(node: Tensor, [a, b]: readonly Tensor[], zero: ReadonlySet<Tensor>): Tensor | undefined {
  const isSame = (x: Tensor) => x.shape.join() === node.shape.join();
  if (node.op !== "Add" && node.op !== "Sub") return undefined;
  if (zero.has(b!) && isSame(a!)) return a;
  if (!zero.has(a!) || !isSame(b!)) return undefined;
  return node.op === "Add" ? b : apply("Neg", [b!], {});
}
