// Random sizes for operators: small, uneven, and reproducible by seed.
import type { Shape } from "../../lib/author/graph/tensor.ts";
import type { RandomStream } from "../../lib/random.ts";

/** A whole number from low to high, both included. */
export const between = (random: RandomStream, low: number, high: number): number =>
  low + random.integer(high - low + 1);

export const pick = <T>(random: RandomStream, values: readonly T[]): T =>
  values[random.integer(values.length)]!;

export const randomShape = (random: RandomStream, rank: number, most = 4): number[] =>
  Array.from({ length: rank }, () => between(random, 1, most));

/** A shape that broadcasts with `shape`: some axes 1, some leading axes dropped. */
export function broadcastable(random: RandomStream, shape: Shape): number[] {
  const dropped = random.integer(shape.length + 1);
  return shape.slice(dropped).map((n) => (random.uniform() < 0.4 ? 1 : n));
}

/** A random permutation of 0..n-1. */
export function permutation(random: RandomStream, n: number): number[] {
  const keys = Array.from({ length: n }, () => random.uniform());
  return [...keys.keys()].sort((a, b) => keys[a]! - keys[b]!);
}

export interface ConvSizes {
  readonly x: number[];
  readonly weight: number[];
  readonly options: { stride: number[]; padding: number[]; dilation: number[]; groups: number };
}

/** A convolution of any kind: asymmetric padding, strides, dilation, groups (depthwise too), even and 1-wide kernels. */
export function randomConv(random: RandomStream, dimensions: number): ConvSizes {
  const each = (low: number, high: number) =>
    Array.from({ length: dimensions }, () => between(random, low, high));
  const groups = pick(random, [1, 1, 2, 3]);
  const [perGroup, outPerGroup] = [between(random, 1, 3), between(random, 1, 3)];
  const [kernel, dilation] = [each(1, 3), each(1, 2)];
  const reach = kernel.map((k, i) => dilation[i]! * (k - 1));
  const padding = [...reach, ...reach].map((r) => random.integer(r + 1));
  const size = reach.map((r) => r + between(random, 1, 4));
  return {
    x: [between(random, 1, 2), groups * perGroup, ...size],
    weight: [groups * outPerGroup, perGroup, ...kernel],
    options: { stride: each(1, 3), padding, dilation, groups },
  };
}
