// The gradient of softmax(s)·v in s, with two passes over the weights of attention instead of four.

import { matmul, mul, sub, sum, transpose } from "../graph/ops.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";

/**
 * y·(g - sum of g·y over keys) with weights y and their cotangent g = dO·vᵀ: the sum is that of dO·O over channels, where O = y·v is the
 * result, much smaller than the weights (Dao et al. 2022, section 3.1). Undefined for anything else.
 */
export function gradientOfAttention(
  node: Tensor,
  [weighted, product]: readonly Tensor[],
): Tensor | undefined {
  if (!isOp(node, "Sub") || !isOp(weighted!, "Mul")) return undefined;
  const [g, y] = weighted.inputs as [Tensor, Tensor];
  const last = y.shape.length - 1;
  if (!isOp(y, "Softmax") || y.attrs.axis !== last || !isOp(g, "MatMul") || last < 1) return undefined;
  if (product !== mul(y, sum(weighted, { axes: [last], keepdims: true }))) return undefined;
  const [cotangent, turned] = g.inputs as [Tensor, Tensor];
  const axes = [...turned.shape.keys()];
  const result = matmul(y, transpose(turned, [...axes.slice(0, -2), ...axes.slice(-2).reverse()]));
  if (result.shape.join() !== cotangent.shape.join()) return undefined;
  return mul(y, sub(g, sum(mul(cotangent, result), { axes: [last], keepdims: true })));
}
