// Ancestral sampling: each step draws from the posterior of the next level, given x and the denoised (Ho et al. 2020, Algorithm 2).
import { descend, oneStepPerLevel, type Sampler, type SamplerOptions, signalRatio } from "./sampler.ts";

/** Standard deviation of q(x_next | x, x_0): sqrt(beta~) of DDPM (Ho et al. 2020, Eq. 7) over alpha(next). */
export const posteriorNoise = (sigma: number, next: number): number =>
  next * Math.sqrt(1 - (next / sigma) ** 2);

/**
 * What the steps add. The forward step's noise, sqrt(beta) of DDPM, is added as large as it is at the higher level in the
 * schedule's own coordinates (Ho et al. 2020, section 3.2).
 */
const noises = {
  posterior: () => posteriorNoise,
  forward: (options: SamplerOptions) => {
    const ratio = signalRatio(options);
    return (sigma: number, next: number) => ratio(sigma, next) * Math.sqrt(sigma ** 2 - next ** 2);
  },
};

/** x <- (s/sigma)^2 x + (1 - (s/sigma)^2) D + noise from sigma to s (Song et al. 2021, Eqs. 4 and 47); none is left at the end. */
export const ancestral: Sampler = {
  summary: "draws each level from its posterior: DDPM's sampler, --variance posterior or forward",
  source: "Ho et al. 2020, Algorithm 2; Song et al. 2021, appendix F",
  ...oneStepPerLevel,
  steps(options) {
    const noise = noises[options.variance ?? "posterior"](options);
    return descend(options, (sigma, next) => {
      const a = (next / sigma) ** 2;
      return { a, b: 1 - a, c: noise(sigma, next) };
    });
  },
};
