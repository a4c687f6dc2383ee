// Denoising diffusion implicit models: from no noise to the ancestral sampler's by one number (Song et al. 2021a).
import { UserError } from "../../errors.ts";
import { posteriorNoise } from "./ancestral.ts";
import { descend, oneStepPerLevel, type Sampler } from "./sampler.ts";

/** Of the next level's variance c^2 is new noise, eta^2 times the posterior's; the rest is the old noise, shrunk (Eqs. 12 and 16). */
export const ddim: Sampler = {
  summary: "implicit diffusion: Euler's ODE steps at --eta 0, ancestral sampling at --eta 1",
  source: "Song, Meng & Ermon 2021, Eqs. 12 and 16",
  ...oneStepPerLevel,
  *steps(options) {
    const { eta = 0 } = options;
    if (!(eta >= 0 && eta <= 1)) throw new UserError(`ddim: expected eta from 0 to 1, got ${eta}`);
    yield* descend(options, (sigma, next) => {
      const c = eta * posteriorNoise(sigma, next);
      const a = Math.sqrt(next ** 2 - c ** 2) / sigma;
      return { a, b: 1 - a, c };
    });
  },
};
