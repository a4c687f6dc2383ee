// Normalisation layers as compositions: statistics over some axes, then one affine map of the whole tensor.
import { add, div, expand, mean, mul, neg, reshape, sqrt, square, stopGradient, sub } from "../graph/ops.ts";
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
  const { center, scale } = moments(reshape(x, [batch!, groups, -1]), [2], eps);
  const perGroup = channels! / groups;
  const ofChannels = (t: Tensor) => reshape(t, [1, groups, perGroup]);
  const slope = weight ? mul(scale, ofChannels(weight)) : expand(scale, [batch!, groups, perGroup]);
  const shift = bias ? sub(ofChannels(bias), mul(center, slope)) : neg(mul(center, slope));
  // x·slope + shift reads the full tensor twice instead of once for each of center, scale, weight and bias.
  const perChannel = (t: Tensor) => reshape(t, [batch!, channels!, ...size.map(() => 1)]);
  return add(mul(x, perChannel(slope)), perChannel(shift));
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
  // A shift does not change the variance, so the mean may be a constant shift here: as accurate as subtracting the mean,
  // and its gradient has one pass less. The last term and its gradient are 0, its second derivative is not.
  const shift = stopGradient(center);
  const variance = sub(mean(square(sub(x, shift)), over), square(sub(center, shift)));
  return { center, scale: div(1, sqrt(add(variance, eps))) };
}
