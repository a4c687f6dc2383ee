// When ONNX Runtime runs each node of an emitted graph, and from when to when its results take memory.
import { sizeOf } from "../../artifact/shape.ts";
import type { DType, OpType, Tensor } from "./tensor.ts";
import { topological } from "./traverse.ts";

/** Memory that is taken when step number `from` begins and given back after step number `to`. */
export interface Lifetime {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

const bytesPerElement: Record<DType, number> = { float32: 4, int32: 4, int64: 8, bool: 1 };

const isLeaf = (node: Tensor) => node.inputs.length === 0;

/**
 * The nodes that compute in the order in which ONNX Runtime's CPU runs them: depth first from the results, and of a node's inputs the one
 * that the file has last comes first. The file has them in topological order.
 */
export function executionOrder(outputs: readonly Tensor[]): Tensor[] {
  const nodes = topological(outputs).filter((node) => !isLeaf(node));
  const index = new Map(nodes.map((node, i) => [node, i]));
  const used = new Set(nodes.flatMap((node) => node.inputs));
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  const stack = nodes.filter((node) => !used.has(node)).map((node) => ({ node, entered: false }));
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { node, entered } = top;
    if (entered) order.push(node);
    if (entered || seen.has(node)) continue;
    seen.add(node);
    stack.push({ node, entered: true });
    const needed = [...new Set(node.inputs)].filter((child) => index.has(child) && !seen.has(child));
    needed.sort((a, b) => index.get(a)! - index.get(b)!);
    stack.push(...needed.map((child) => ({ node: child, entered: false })));
  }
  return order;
}

/** Operators that write over an input which nobody needs any more; those of two tensors do not. */
const overwrites: ReadonlySet<OpType> = new Set<OpType>([
  ...(["Neg", "Abs", "Exp", "Log", "Sqrt", "Tanh", "Sigmoid", "Softplus", "Erf", "Floor"] as const),
  ...(["Softmax", "Not"] as const),
]);

/** The input over which a node writes if it can. */
function overwritten(node: Tensor): Tensor | undefined {
  if (overwrites.has(node.op)) return node.inputs[0];
  const sums = node.op === "BlockedConv" && "sum" in node.attrs && node.attrs.sum;
  return sums ? node.inputs.at(-1) : undefined;
}

export interface PlanOptions {
  /** Whether ONNX Runtime knows all shapes beforehand; else no result but a reshape takes another's memory. */
  readonly knowsShapes: boolean;
}

/**
 * The memory of the results in between, as ONNX Runtime plans it: a reshape shares its input's, some operators write over an input that they
 * are the last to need, and what is free is taken again for the next result of the same shape, until when it is kept. Inputs and outputs are
 * the caller's, constants the model's.
 */
export function lifetimes(outputs: readonly Tensor[], options: PlanOptions): Lifetime[] {
  const order = executionOrder(outputs);
  const plan = new Plan(outputs, order, options);
  order.forEach((node, at) => {
    plan.run(node, at);
  });
  return plan.lifetimes();
}

/** Some memory: for whose result it was first taken, and who still needs what is in it. */
interface Buffer {
  readonly node: Tensor;
  readonly from: number;
  to: number;
  users: number;
}

class Plan {
  private readonly outputs: ReadonlySet<Tensor>;
  private readonly uses = new Map<Tensor, number>();
  private readonly buffers = new Map<Tensor, Buffer>();
  /** What is free by shape and type, the latest last. */
  private readonly free = new Map<string, Buffer[]>();

  private readonly knowsShapes: boolean;

  constructor(outputs: readonly Tensor[], order: readonly Tensor[], { knowsShapes }: PlanOptions) {
    this.knowsShapes = knowsShapes;
    this.outputs = new Set(outputs);
    for (const node of order)
      for (const child of node.inputs) this.uses.set(child, (this.uses.get(child) ?? 0) + 1);
  }

  run(node: Tensor, at: number): void {
    if (!this.outputs.has(node)) this.place(node, at);
    for (const child of node.inputs) this.release(child, at);
  }

  lifetimes(): Lifetime[] {
    return [...new Set(this.buffers.values())].map(({ node, from, to }) => ({
      bytes: bytesOf(node),
      from,
      to,
    }));
  }

  private place(node: Tensor, at: number): void {
    const buffer = this.shared(node) ?? this.again(node) ?? { node, from: at, to: at, users: 0 };
    buffer.users += this.uses.get(node) ?? 0;
    buffer.to = at;
    this.buffers.set(node, buffer);
  }

  /** The memory of an input that a node takes over. */
  private shared(node: Tensor): Buffer | undefined {
    if (node.op === "Reshape") return this.buffers.get(node.inputs[0]!);
    const input = this.knowsShapes ? overwritten(node) : undefined;
    const buffer = input && this.buffers.get(input);
    return buffer?.users === 1 && kind(input!) === kind(node) ? buffer : undefined;
  }

  private again(node: Tensor): Buffer | undefined {
    return this.knowsShapes ? this.free.get(kind(node))?.pop() : undefined;
  }

  private release(node: Tensor, at: number): void {
    const buffer = this.buffers.get(node);
    if (!buffer) return;
    buffer.users--;
    buffer.to = at;
    if (buffer.users > 0) return;
    const shape = kind(buffer.node);
    this.free.set(shape, [...(this.free.get(shape) ?? []), buffer]);
  }
}

const kind = ({ shape, dtype }: Tensor) => `${bytesPerElement[dtype]} ${shape}`;
const bytesOf = ({ shape, dtype }: Tensor) => sizeOf(shape) * bytesPerElement[dtype];
