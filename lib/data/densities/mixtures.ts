// The built-in Gaussian mixtures.

import { GaussianMixture } from "../../theory/gaussian-mixture.ts";

/** Three Gaussians in the plane with different weights, shapes and directions. */
export const mixture = (): GaussianMixture =>
  GaussianMixture.of([
    { weight: 0.4, mean: [-1.1, -0.4], covariance: [0.2, 0.12, 0.12, 0.14] },
    { weight: 0.35, mean: [0.9, 1], covariance: [0.35, -0.2, -0.2, 0.2] },
    { weight: 0.25, mean: [0.5, -1.1], covariance: [0.1, 0, 0, 0.05] },
  ]);

/** Three Gaussians on the line. */
export const mixture1d = (): GaussianMixture =>
  GaussianMixture.of([
    { weight: 0.3, mean: [-1.4], covariance: 0.09 },
    { weight: 0.5, mean: [0.3], covariance: 0.0625 },
    { weight: 0.2, mean: [1.5], covariance: 0.0225 },
  ]);

/** Modes of weights .8 and .2 too far apart for Langevin dynamics to mix (Song & Ermon 2019, section 3.2). */
export const twoGaussians = (): GaussianMixture =>
  GaussianMixture.of([
    { weight: 0.8, mean: [5, 5], covariance: 1 },
    { weight: 0.2, mean: [-5, -5], covariance: 1 },
  ]);

/** Eight equal modes of standard deviation .14 on a circle of radius 1.4. */
export const eightGaussians = (): GaussianMixture =>
  GaussianMixture.of(
    Array.from({ length: 8 }, (_, k) => {
      const angle = (2 * Math.PI * k) / 8;
      return { weight: 1, mean: [1.4 * Math.cos(angle), 1.4 * Math.sin(angle)], covariance: 0.14 ** 2 };
    }),
  );
