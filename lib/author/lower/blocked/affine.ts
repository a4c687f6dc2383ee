// Affine maps of blocked images, scale·x + scale·y + ... + offset per sample and channel, as depthwise convolutions.

import { constant, ones, scalar, scalarValue } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { add, expand, mul, reshape } from "../../graph/ops.ts";
import type { Shape, Tensor } from "../../graph/tensor.ts";
import { pointwiseAttrs } from "./attributes.ts";

/** A blocked tensor [N,C,H,W], times a plain scale that broadcasts to [N,C,1,1] if there is one. */
interface Term {
  readonly base: Tensor;
  readonly scale?: Tensor;
}

/**
 * The sum of one term or more and of a plain offset, which broadcasts to [N,C,1,1], if there is one. Maps of maps are worked out on the few numbers
 * of scales and offsets, and images are read once.
 */
export interface Affine {
  readonly terms: readonly [Term, ...Term[]];
  readonly offset?: Tensor;
}

/** A blocked tensor as it is. */
export const bare = (base: Tensor): Affine => ({ terms: [{ base }] });

/** The blocked tensor of a form with nothing to apply, else undefined. */
export function bareTensor({ terms: [{ base, scale }, ...rest], offset }: Affine): Tensor | undefined {
  return scale || offset || rest.length > 0 ? undefined : base;
}

/** Whether x broadcasts to an image of this shape without changing from pixel to pixel. */
export function isPerChannel(x: Tensor, shape: Shape): boolean {
  const own = [...Array<number>(4).fill(1), ...x.shape].slice(-4);
  const [n, c, h, w] = own;
  return (
    x.shape.length <= 4 && [1, shape[0]].includes(n!) && [1, shape[1]].includes(c!) && h === 1 && w === 1
  );
}

export function scaled({ terms, offset }: Affine, factor: Tensor): Affine {
  const [first, ...rest] = terms;
  const times = ({ base, scale }: Term): Term => ({ base, scale: scale ? mul(scale, factor) : factor });
  return { terms: [times(first), ...rest.map(times)], ...(offset && { offset: mul(offset, factor) }) };
}

export function shifted({ terms, offset }: Affine, by: Tensor): Affine {
  return { terms, offset: offset ? add(offset, by) : by };
}

export const negated = (form: Affine): Affine => scaled(form, constant(Float32Array.of(-1), []));

/** The sum of two forms; terms of the same tensor are one. */
export function added(a: Affine, b: Affine): Affine {
  const terms = b.terms.reduce(withTerm, a.terms);
  return b.offset ? shifted({ ...a, terms }, b.offset) : { ...a, terms };
}

function withTerm(terms: Affine["terms"], term: Term): Affine["terms"] {
  const join = (own: Term): Term =>
    own.base === term.base
      ? { base: own.base, scale: add(own.scale ?? scalar(1), term.scale ?? scalar(1)) }
      : own;
  const [first, ...rest] = terms;
  const isKnown = terms.some(({ base }) => base === term.base);
  return isKnown ? [join(first), ...rest.map(join)] : [first, ...rest, term];
}

/** The blocked tensor: one pass for every term that is scaled, the last of which adds the offset. */
export function applied({ terms, offset }: Affine, block: number): Tensor {
  const ordered = [...terms].sort((a, b) => Number(Boolean(a.scale)) - Number(Boolean(b.scale)));
  return ordered.reduce<Tensor | undefined>((sum, term, i) => {
    const isLast = i === ordered.length - 1;
    return mapped(term, isLast ? offset : undefined, sum, block);
  }, undefined)!;
}

/** scale·base + offset, with a blocked `sum` in the shape of the base added, as one depthwise convolution where a sum does not do. */
function mapped(
  { base, scale }: Term,
  offset: Tensor | undefined,
  sum: Tensor | undefined,
  block: number,
): Tensor {
  if (!scale && !offset) return sum ? add(sum, base) : base;
  if (scale && !offset && !sum && scalarValue(scale) !== undefined) return mul(base, scale);
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

/** A form times a blocked image. */
export function timesImage({ terms, offset }: Affine, image: Tensor): Affine {
  const [first, ...rest] = terms;
  const times = ({ base, ...scale }: Term): Term => ({ base: mul(base, image), ...scale });
  return { terms: [times(first), ...rest.map(times), ...(offset ? [{ base: image, scale: offset }] : [])] };
}

/** The sums of a form over the pixels of every image and channel, [N,C,1,1]; `sumOf` says those of a blocked tensor. */
export function summedUp({ terms, offset }: Affine, sumOf: (base: Tensor) => Tensor): Tensor {
  const [, , h, w] = terms[0].base.shape;
  const sums = terms.map(({ base, scale }) => (scale ? mul(sumOf(base), scale) : sumOf(base)));
  return [...sums, ...(offset ? [mul(offset, h! * w!)] : [])].reduce((a, b) => add(a, b));
}

/** With four axes, so that expanding to four does not need more. */
const lifted = (x: Tensor) => reshape(x, [...Array<number>(4 - x.shape.length).fill(1), ...x.shape]);
