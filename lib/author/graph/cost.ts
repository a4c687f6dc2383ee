// An estimate of the work that a graph takes: the multiply-adds of its convolutions and matrix products.
import { sizeOf } from "../../artifact/shape.ts";
import type { OpType, Tensor } from "./tensor.ts";
import { topological } from "./traverse.ts";

type Work = (node: Tensor) => number;

/** Each output sums over a window of x, as large as one output channel's weight; borders count in full. */
const windows: Work = ({ shape, inputs: [, weight] }) =>
  (sizeOf(shape) * sizeOf(weight!.shape)) / weight!.shape[0]!;

const work: { readonly [K in OpType]?: Work } = {
  MatMul: ({ shape, inputs: [a] }) => sizeOf(shape) * a!.shape.at(-1)!,
  Conv: windows,
  BlockedConv: windows,
  // Every element of x is spread over a window.
  ConvTranspose: ({ inputs: [x, weight] }) => (sizeOf(x!.shape) * sizeOf(weight!.shape)) / weight!.shape[0]!,
  // Every element of the output's gradient meets its window of x.
  ConvWeightGrad: ({ shape, inputs: [, g] }) => sizeOf(g!.shape) * sizeOf(shape.slice(1)),
};

/** The multiply-adds of all that the outputs need, each node once. */
export const multiplyAdds = (outputs: readonly Tensor[]): number =>
  topological(outputs).reduce((sum, node) => sum + (work[node.op]?.(node) ?? 0), 0);
