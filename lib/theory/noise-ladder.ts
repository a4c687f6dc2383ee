// The ladder of noise levels: how high, how dense (NCSNv2's techniques 1 and 2).
import { UserError } from "../errors.ts";
import { checkNoiseRange } from "./noise-range.ts";
import { normalCdf } from "./normal-distribution.ts";

/** `levels` values from sigmaMax down to sigmaMin with a constant ratio (Song & Ermon 2019, section 4.1). */
export function geometricSigmas(sigmaMax: number, sigmaMin: number, levels: number): number[] {
  checkNoiseRange("geometricSigmas", sigmaMin, sigmaMax);
  if (!Number.isInteger(levels) || levels < 2)
    throw new Error(`geometricSigmas: expected levels to be an integer >= 2, got ${levels}`);
  const ratio = sigmaMin / sigmaMax;
  // The ends are written as given: a power would round them.
  return Array.from({ length: levels }, (_, i) =>
    i === levels - 1 ? sigmaMin : sigmaMax * ratio ** (i / (levels - 1)),
  );
}

/** The ratio gamma = sigma_(i-1) / sigma_i of a geometric ladder. */
export const ladderRatio = (sigmaMax: number, sigmaMin: number, levels: number): number =>
  (sigmaMax / sigmaMin) ** (1 / (levels - 1));

/**
 * Technique 1: sigma_max is the largest Euclidean distance between two samples (Song & Ermon 2020, section 3.1).
 * `samples` holds vectors of `dimensions` numbers; of more than `cap` vectors only `cap`, evenly spaced, are compared,
 * because the cost is cap^2 dimensions / 2 (half a second for 1000 grey 28x28 images).
 */
export function maxPairwiseDistance(samples: Float32Array, dimensions: number, cap = 1000): number {
  const available = Math.floor(samples.length / dimensions);
  const count = Math.min(cap, available);
  const row = (i: number): number => Math.floor((i * available) / count) * dimensions;
  let largest = 0;
  for (let i = 1; i < count; i++)
    for (let j = 0; j < i; j++)
      largest = Math.max(largest, squaredDistance(samples, row(i), row(j), dimensions));
  return Math.sqrt(largest);
}

function squaredDistance(samples: Float32Array, p: number, q: number, dimensions: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) {
    const difference = samples[p + d]! - samples[q + d]!;
    sum += difference * difference;
  }
  return sum;
}

/**
 * Technique 2: the probability that noise of one level falls where the next level's noise lives, for a ratio gamma in
 * `dimensions` dimensions: Phi(sqrt(2D)(gamma-1) + 3 gamma) - Phi(sqrt(2D)(gamma-1) - 3 gamma) (Song & Ermon 2020, Eq. 4).
 */
export function overlap(gamma: number, dimensions: number): number {
  const shift = Math.sqrt(2 * dimensions) * (gamma - 1);
  return normalCdf(shift + 3 * gamma) - normalCdf(shift - 3 * gamma);
}

/** In few dimensions (up to 18 for an overlap of 0.5) larger ratios overlap enough too; none above a halving per level is proposed. */
export const MAX_RATIO = 2;

/** The largest ratio, at most MAX_RATIO, whose overlap is at least C; throws when C is not in (0, 0.997). */
export function gammaFromOverlap(dimensions: number, C: number): number {
  if (!(C > 0 && C < overlap(1, dimensions)))
    throw new UserError(
      `gammaFromOverlap: expected an overlap in (0, 0.997), got ${C}; 0.5 is the paper's choice`,
    );
  let low = 1;
  let high = MAX_RATIO;
  if (overlap(high, dimensions) >= C) return high;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (overlap(middle, dimensions) >= C) low = middle;
    else high = middle;
  }
  return low;
}

/** Technique 2: how many levels, two at least, lead from sigmaMax to sigmaMin with an overlap nearest to C. */
export function levels(sigmaMax: number, sigmaMin: number, dimensions: number, C: number): number {
  checkNoiseRange("levels", sigmaMin, sigmaMax);
  const ratios = Math.log(sigmaMax / sigmaMin) / Math.log(gammaFromOverlap(dimensions, C));
  return 1 + Math.max(1, Math.round(ratios));
}
