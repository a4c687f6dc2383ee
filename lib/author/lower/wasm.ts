// Lowers a graph for WebAssembly, whose convolutions are as fast as its matrix products: what counts is how much there is to multiply.
import { isOp, type Tensor } from "../graph/tensor.ts";
import { rewrite } from "../graph/traverse.ts";
import { lowerNode } from "./portable.ts";
import { winogradConv } from "./winograd.ts";

/** Equivalent outputs with fewer multiplications. */
export const lowerForWasm = (outputs: readonly Tensor[]): Tensor[] =>
  rewrite(rewrite(outputs, lowerNode), fewerProducts);

/** Below, transforming the tiles costs more than it saves. */
const leastWeights = 32 * 64;

function fewerProducts(node: Tensor, [x, weight, bias]: readonly Tensor[]): Tensor | undefined {
  if (!isOp(node, "Conv") || node.shape.length !== 4) return undefined;
  const { strides, dilations, pads, group } = node.attrs;
  const [out, channels, ...kernel] = weight!.shape;
  const isPlain = group === 1 && [...strides, ...dilations].every((n) => n === 1) && kernel.join() === "3,3";
  return isPlain && out! * channels! >= leastWeights ? winogradConv(x!, weight!, bias, pads) : undefined;
}
