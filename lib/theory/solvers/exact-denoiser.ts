// The denoiser of a density that is known exactly, for solvers to be measured by.
import type { GaussianMixture } from "../gaussian-mixture.ts";
import { scoreUnit } from "../score-unit.ts";
import type { Denoise } from "./solver.ts";

/** D = x + sigma^2 score of a density, such as a mixture. */
export const exactDenoiser =
  (mixture: Pick<GaussianMixture, "dimensions" | "score">): Denoise =>
  async (x, sigmas) => {
    const { dimensions } = mixture;
    const denoised = x.slice();
    for (const [i, sigma] of sigmas.entries()) {
      const first = i * dimensions;
      const score = mixture.score(x.subarray(first, first + dimensions), sigma);
      for (let d = 0; d < dimensions; d++) denoised[first + d]! += scoreUnit(sigma) * score[d]!;
    }
    return denoised;
  };
