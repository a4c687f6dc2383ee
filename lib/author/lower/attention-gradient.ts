// The gradients of attention, softmax(s)·v, without turning its weights or going over them more often than needed.

import { ones } from "../graph/constant.ts";
import { concat, matmul, mul, neg, sum, transpose } from "../graph/ops.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";

/**
 * y·(g - sum of g·y over keys) with weights y and their cotangent g = dO·vᵀ: the sum is that of dO·O over channels, where O = y·v is the
 * result, much smaller than the weights (Dao et al. 2022, section 3.1). A further channel, minus the sum in dO and one in vᵀ, subtracts it
 * in the product. Undefined for anything else.
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
  const [cotangent, keys] = g.inputs as [Tensor, Tensor];
  const result = matmul(y, turned(keys));
  if (result.shape.join() !== cotangent.shape.join()) return undefined;
  const total = sum(mul(cotangent, result), { axes: [last], keepdims: true });
  return mul(
    y,
    matmul(
      concat([cotangent, neg(total)], last),
      concat([keys, ones(keys.shape.with(last - 1, 1))], last - 1),
    ),
  );
}

/** (aᵀ·bᵀ)ᵀ is b·a. Undefined for anything else. */
export function productOfTurned(node: Tensor, [product]: readonly Tensor[]): Tensor | undefined {
  if (!isTurn(node) || !isOp(product!, "MatMul") || !product.inputs.every(isTurn)) return undefined;
  const [a, b] = product.inputs as [Tensor, Tensor];
  return matmul(b.inputs[0]!, a.inputs[0]!);
}

/** The order of axes with the last two exchanged. */
const exchanged = (x: Tensor) => {
  const axes = [...x.shape.keys()];
  return [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
};
const turned = (x: Tensor) => transpose(x, exchanged(x));
const isTurn = (x: Tensor): boolean => isOp(x, "Transpose") && x.attrs.perm.join() === exchanged(x).join();
