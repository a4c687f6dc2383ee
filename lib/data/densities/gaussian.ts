// A correlated Gaussian in any dimension.

import { GaussianMixture } from "../../theory/gaussian-mixture.ts";

const CORRELATION = 0.6;

/** N(0, S) in D dimensions: unit variances, coordinates i and j correlated by .6^|i - j|. */
export function gaussian(dimensions: number): GaussianMixture {
  const covariance = Array.from({ length: dimensions ** 2 }, (_, i) => {
    const distance = Math.abs((i % dimensions) - Math.floor(i / dimensions));
    return CORRELATION ** distance;
  });
  return GaussianMixture.gaussian(new Float64Array(dimensions), covariance);
}
