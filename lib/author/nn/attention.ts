// Self-attention over the pixels of an image.
import { add, matmul, mul, reshape, softmax, transpose } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { groupNormLayer, pointwise } from "./layers.ts";
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
  const normed = groups === null ? x : groupNormLayer(p.within("group_norm"), x, groups, eps);
  const perHead = [batch, channels / headDim, headDim, height * width];
  const project = (name: string) => reshape(pointwise(p.within(name), normed, channels), perHead);
  const mixed = reshape(attend(project("to_q"), project("to_k"), project("to_v")), x.shape);
  return mul(add(pointwise(p.within("to_out").within(0), mixed, channels), x), 1 / rescale);
}

const turned = (x: Tensor) => transpose(x, [0, 1, 3, 2]);

/**
 * v·softmax(qᵀ·k/√d)ᵀ of [N,heads,d,tokens]: images are as they are, tokens last. Here and in its gradients, what is turned is
 * never as large as the weights.
 */
function attend(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const weights = softmax(matmul(turned(mul(q, 1 / Math.sqrt(q.shape[2]!))), k));
  return turned(matmul(weights, turned(v)));
}
