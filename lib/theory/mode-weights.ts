// How much of a cloud of samples belongs to each mode of a mixture.
import type { GaussianMixture } from "./gaussian-mixture.ts";

/** The share of each component among samples [N,D], by the posterior of the mixture blurred by sigma, [K]. */
export function modeWeights(mixture: GaussianMixture, samples: ArrayLike<number>, sigma = 0): Float64Array {
  const { dimensions, count } = mixture;
  const shares = new Float64Array(count);
  const all = Float64Array.from(samples);
  const n = all.length / dimensions;
  for (let i = 0; i < n; i++) {
    const point = all.subarray(i * dimensions, (i + 1) * dimensions);
    mixture.responsibilities(point, sigma).forEach((share, k) => {
      shares[k]! += share / n;
    });
  }
  return shares;
}
