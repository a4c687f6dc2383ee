// An estimate of the memory that a graph's intermediate results take while it runs.
import { sizeOf } from "../../artifact/shape.ts";
import type { DType, Tensor } from "./tensor.ts";
import { topological } from "./traverse.ts";

const bytesPerElement: Record<DType, number> = { float32: 4, int32: 4, int64: 8, bool: 1 };

const isLeaf = (node: Tensor) => node.inputs.length === 0;
/** A reshape shares its input's memory. */
const owner = (node: Tensor): Tensor => (node.op === "Reshape" ? owner(node.inputs[0]!) : node);

/** The most bytes alive at once when nodes run in order and results are freed after their last use; inputs do not count. */
export function peakBytes(outputs: readonly Tensor[]): number {
  const order = topological(outputs).filter((node) => !isLeaf(node) && owner(node) === node);
  const lastUse = new Map<Tensor, number>();
  order.forEach((node, at) => {
    for (const child of node.inputs) lastUse.set(owner(child), at);
  });
  for (const output of outputs) lastUse.set(owner(output), order.length);
  const freedAt = Map.groupBy(order, (node) => lastUse.get(node) ?? 0);
  const bytes = (node: Tensor) => sizeOf(node.shape) * bytesPerElement[node.dtype];
  let [alive, peak] = [0, 0];
  order.forEach((node, at) => {
    alive += bytes(node);
    peak = Math.max(peak, alive);
    for (const dead of freedAt.get(at) ?? []) alive -= bytes(dead);
  });
  return peak;
}
