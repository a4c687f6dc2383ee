// Normalisation layers as compositions: statistics over some axes, then one affine map of the whole tensor.
import { sizeOf } from "../../artifact/shape.ts";
import { constant } from "../graph/constant.ts";
import {
  add,
  div,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  transpose,
} from "../graph/ops.ts";
import { mismatch, normalizeAxes } from "../graph/shapes.ts";
import type { Tensor } from "../graph/tensor.ts";

/**
 * Normalises x [N,C,...] over each sample's groups of channels, then scales by weight [C] and shifts by bias [C].
 * Throws when the groups do not divide the channels (Wu & He 2018).
 */
export function groupNorm(x: Tensor, groups: number, weight?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  const [batch, channels, ...size] = x.shape;
  if (channels! % groups !== 0)
    mismatch("groupNorm", `a divisor of the ${channels} channels of [${x.shape}]`, `${groups} groups`);
  const overImage = { axes: size.map((_, i) => i + 2) };
  const perChannel = (t: Tensor) => reshape(t, [batch!, channels!, ...size.map(() => 1)]);
  // Sums of every channel first: they are the same in any layout of the channels, and only few numbers are left to group.
  const membership = constant(memberships(channels!, groups), [channels!, groups]);
  const spread = (t: Tensor) => matmul(t, transpose(membership));
  const meanOfGroup = (t: Tensor) =>
    mul(matmul(sum(t, overImage), membership), groups / sizeOf(x.shape.slice(1)));
  const center = meanOfGroup(x);
  const shift = stopGradient(center);
  const meanSquare = meanOfGroup(square(sub(x, perChannel(spread(shift)))));
  const scale = spread(inverseRoot(varianceAbout(meanSquare, center, shift), eps));
  const slope = weight ? mul(scale, weight) : scale;
  const product = mul(spread(center), slope);
  const level = bias ? sub(bias, product) : neg(product);
  // x·slope + level reads the full tensor twice instead of once for each of center, scale, weight and bias.
  return add(mul(x, perChannel(slope)), perChannel(level));
}

/** [C,G]: 1 where the channel is of the group. */
function memberships(channels: number, groups: number): Float32Array {
  const matrix = new Float32Array(channels * groups);
  for (let c = 0; c < channels; c++) matrix[c * groups + Math.floor((c * groups) / channels)] = 1;
  return matrix;
}

/** Normalises x [N,C,...] over the positions of every channel (Ulyanov et al. 2016). */
export function instanceNorm(x: Tensor, weight?: Tensor, bias?: Tensor, eps = 1e-5): Tensor {
  return groupNorm(x, x.shape[1]!, weight, bias, eps);
}

/** Normalises x over `axes`, then scales by weight and shifts by bias, which broadcast to x (Ba et al. 2016). */
export function layerNorm(
  x: Tensor,
  axes: readonly number[],
  weight?: Tensor,
  bias?: Tensor,
  eps = 1e-5,
): Tensor {
  const { center, scale } = moments(x, normalizeAxes("layerNorm", x.shape.length, axes), eps);
  const normal = mul(sub(x, center), scale);
  const scaled = weight ? mul(normal, weight) : normal;
  return bias ? add(scaled, bias) : scaled;
}

/** The mean over the axes and 1 / sqrt(variance + eps), both with the axes kept. */
function moments(x: Tensor, axes: readonly number[], eps: number) {
  const over = { axes, keepdims: true };
  const center = mean(x, over);
  const shift = stopGradient(center);
  const variance = varianceAbout(mean(square(sub(x, shift)), over), center, shift);
  return { center, scale: inverseRoot(variance, eps) };
}

/**
 * The variance from the mean square about a shift. A shift does not change the variance, so the mean may be a constant shift here: as
 * accurate as subtracting the mean, and its gradient has one pass less. The last term and its gradient are 0, its second derivative is not.
 */
const varianceAbout = (meanSquare: Tensor, center: Tensor, shift: Tensor) =>
  sub(meanSquare, square(sub(center, shift)));

const inverseRoot = (variance: Tensor, eps: number) => div(1, sqrt(add(variance, eps)));
