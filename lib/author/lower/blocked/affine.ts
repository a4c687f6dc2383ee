// Affine maps of blocked images, scale·x + offset per sample and channel, as one depthwise convolution.

import { constant, ones, scalarValue } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { add, expand, mul, neg, reshape } from "../../graph/ops.ts";
import type { Shape, Tensor } from "../../graph/tensor.ts";
import { pointwiseAttrs } from "./attributes.ts";

/**
 * scale·base + offset with a blocked base [N,C,H,W]; scale and offset are plain and broadcast to [N,C,1,1]. What is absent is 1 and 0.
 * Maps of maps are worked out on the few numbers of scale and offset, and images are read once.
 */
export interface Affine {
  readonly base: Tensor;
  readonly scale?: Tensor;
  readonly offset?: Tensor;
}

export const isBare = ({ scale, offset }: Affine): boolean => !scale && !offset;

/** Whether x broadcasts to an image of this shape without changing from pixel to pixel. */
export function isPerChannel(x: Tensor, shape: Shape): boolean {
  const own = [...Array<number>(4).fill(1), ...x.shape].slice(-4);
  const [n, c, h, w] = own;
  return (
    x.shape.length <= 4 && [1, shape[0]].includes(n!) && [1, shape[1]].includes(c!) && h === 1 && w === 1
  );
}

export function scaled({ base, scale, offset }: Affine, factor: Tensor): Affine {
  return { base, scale: scale ? mul(scale, factor) : factor, ...(offset && { offset: mul(offset, factor) }) };
}

export function shifted(form: Affine, by: Tensor): Affine {
  return { ...form, offset: form.offset ? add(form.offset, by) : by };
}

export function negated({ base, scale, offset }: Affine): Affine {
  const minusOne = constant(Float32Array.of(-1), []);
  return { base, scale: scale ? neg(scale) : minusOne, ...(offset && { offset: neg(offset) }) };
}

/** The blocked tensor scale·base + offset, with a blocked `sum` in the shape of the base added. */
export function applied(form: Affine, block: number, sum?: Tensor): Tensor {
  const { base, scale, offset } = form;
  if (isBare(form)) return sum ? add(base, sum) : base;
  if (!offset && !sum && scalarValue(scale!) !== undefined) return mul(base, scale!);
  const [n, c, h, w] = base.shape;
  const channels = n! * c!;
  const image = [1, channels, h!, w!];
  const perChannel = (x: Tensor, shape: Shape) => reshape(expand(lifted(x), [n!, c!, 1, 1]), shape);
  const weight = scale ? perChannel(scale, [channels, 1, 1, 1]) : ones([channels, 1, 1, 1]);
  const inputs = [
    reshape(base, image),
    weight,
    ...(offset ? [perChannel(offset, [channels])] : []),
    ...(sum ? [reshape(sum, image)] : []),
  ];
  const result = apply("BlockedConv", inputs, {
    ...pointwiseAttrs(block, channels),
    bias: offset !== undefined,
    sum: sum !== undefined,
  });
  return reshape(result, base.shape);
}

/** With four axes, so that expanding to four does not need more. */
const lifted = (x: Tensor) => reshape(x, [...Array<number>(4 - x.shape.length).fill(1), ...x.shape]);
