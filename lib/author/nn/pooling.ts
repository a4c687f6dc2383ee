// Pooling as strided slices that are combined pairwise, one spatial axis after the other.
import { add, maximum, mul, pad, slice } from "../graph/ops.ts";
import { convExtents, mismatch, spread } from "../graph/shapes.ts";
import type { Tensor } from "../graph/tensor.ts";

export interface PoolOptions {
  /** One number for all spatial axes, or one each. */
  readonly kernel: number | readonly number[];
  /** The kernel's size when absent. */
  readonly stride?: number | readonly number[];
  /** One number, or begin pads of every spatial axis followed by end pads; at most half of the kernel. */
  readonly padding?: number | readonly number[];
}

/** Means over windows of x [N,C,...]; padding counts as zeros, as in PyTorch. */
export function avgPool(x: Tensor, options: PoolOptions): Tensor {
  const area = spread("avgPool", options.kernel, x.shape.length - 2).reduce((a, b) => a * b, 1);
  return mul(pool("avgPool", x, options, 0, add), 1 / area);
}

/** Largest values of windows of x [N,C,...]; equal largest values share the gradient. */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  return pool("maxPool", x, options, Number.NEGATIVE_INFINITY, maximum);
}

type Combine = (a: Tensor, b: Tensor) => Tensor;

function pool(who: string, x: Tensor, options: PoolOptions, border: number, combine: Combine): Tensor {
  const size = x.shape.slice(2);
  const kernel = spread(who, options.kernel, size.length);
  const strides = spread(who, options.stride ?? kernel, size.length);
  const pads = spread(who, options.padding ?? 0, 2 * size.length);
  if (pads.some((n, i) => n < 0 || 2 * n > kernel[i % size.length]!))
    mismatch(who, `padding of at most half of the kernel [${kernel}]`, `[${pads}]`);
  const extents = convExtents(size, kernel, { strides, pads, dilations: size.map(() => 1), group: 1 });
  if (extents.some((n) => n < 1)) mismatch(who, `at least [${kernel}] positions`, `x [${x.shape}]`);
  const half = size.length;
  const padded = pad(x, [0, 0, ...pads.slice(0, half), 0, 0, ...pads.slice(half)], border);
  return size.reduce<Tensor>((y, _, i) => {
    const reach = strides[i]! * (extents[i]! - 1) + 1;
    const taps = Array.from({ length: kernel[i]! }, (_, k) =>
      slice(y, { axis: i + 2, start: k, end: k + reach, step: strides[i]! }),
    );
    return pairwise(taps, combine);
  }, padded);
}

/** Combines neighbours until one is left, so that the expression stays shallow. */
function pairwise(parts: readonly Tensor[], combine: Combine): Tensor {
  if (parts.length === 1) return parts[0]!;
  const halves = Array.from({ length: Math.ceil(parts.length / 2) }, (_, i) => {
    const [a, b] = parts.slice(2 * i, 2 * i + 2);
    return b ? combine(a!, b) : a!;
  });
  return pairwise(halves, combine);
}
