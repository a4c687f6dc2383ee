// Self-attention over the pixels of an image.
import { add, matmul, mul, reshape, softmax, transpose } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { groupNormLayer, linear } from "./layers.ts";
import type { Parameters } from "./parameters.ts";

export interface AttentionOptions {
  /** Channels of one head; they divide the channels of x. */
  readonly headDim: number;
  /** Groups of the normalisation before attention, or null for none. */
  readonly groups: number | null;
  readonly eps: number;
  /** What the sum of input and attention is divided by. */
  readonly rescale: number;
}

/** Residual multi-head attention of x [N,C,H,W], each pixel one token (diffusers' `Attention`). */
export function spatialAttention(p: Parameters, x: Tensor, options: AttentionOptions): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const { headDim, groups, eps, rescale } = options;
  const heads = channels / headDim;
  const normed = groups === null ? x : groupNormLayer(p.within("group_norm"), x, groups, eps);
  const tokens = transpose(reshape(normed, [batch, channels, height * width]), [0, 2, 1]);
  const project = (name: string) =>
    transpose(reshape(linear(p.within(name), tokens, channels), [batch, -1, heads, headDim]), [0, 2, 1, 3]);
  const mixed = attend(project("to_q"), project("to_k"), project("to_v"));
  const joined = reshape(transpose(mixed, [0, 2, 1, 3]), [batch, height * width, channels]);
  const out = linear(p.within("to_out").within(0), joined, channels);
  const image = reshape(transpose(out, [0, 2, 1]), [batch, channels, height, width]);
  return mul(add(image, x), 1 / rescale);
}

/** softmax(q·kᵀ/√d)·v of [N,heads,tokens,d]. */
function attend(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const scale = 1 / Math.sqrt(q.shape.at(-1)!);
  return matmul(softmax(matmul(mul(q, scale), transpose(k, [0, 1, 3, 2]))), v);
}
