// Lowers a graph for WebGPU, where starting a kernel costs as much as a lot of arithmetic: as few of them as can be.
import { isOp, type Tensor } from "../../graph/tensor.ts";
import { rewrite } from "../../graph/traverse.ts";
import { lowerConvWeightGrad, tapRows } from "../conv-weight-grad.ts";
import { lowerFactors } from "../factors.ts";
import { lowerNode } from "../portable.ts";
import { lowerProduct } from "../products.ts";
import { rowAffine } from "./channel-affine.ts";
import { lowerNormalizations } from "./normalization.ts";
import { lowerParts } from "./parts.ts";
import { withoutSpreading } from "./spread.ts";
import { joinSums, lowerSum } from "./sums.ts";

/** Equivalent outputs of fewer kernels. */
export function lowerForWebgpu(outputs: readonly Tensor[]): Tensor[] {
  const normalized = rewrite(lowerNormalizations(outputs), withoutSpreading);
  const standard = rewrite(normalized, standardNode);
  return lowerParts(rewrite(joinSums(lowerFactors(standard)), joinedNode));
}

const joinedNode = (node: Tensor, inputs: readonly Tensor[]) =>
  lowerProduct(node, inputs) ?? rowAffine(node, inputs);

function standardNode(node: Tensor, inputs: readonly Tensor[]): Tensor | undefined {
  // A slice for every tap is a kernel for every tap.
  if (isOp(node, "ConvWeightGrad")) return lowerConvWeightGrad(inputs[0]!, inputs[1]!, node.attrs, tapRows);
  return lowerSum(node, inputs) ?? lowerNode(node, inputs);
}
