// Ancestral sampling: each step draws from the posterior of the next level, given x and the denoised (Ho et al. 2020, Algorithm 2).
import {
  descend,
  oneStepPerLevel,
  type Sampler,
  type SamplerOptions,
  type Step,
  signalRatio,
} from "./sampler.ts";

/** Standard deviation of q(x_next | x, x_0): sqrt(beta~) of DDPM (Ho et al. 2020, Eq. 7) over alpha(next). */
export const posteriorNoise = (sigma: number, next: number): number =>
  next * Math.sqrt(1 - (next / sigma) ** 2);

/**
 * Standard deviation of the forward step's noise, sqrt(beta) of DDPM: added as large as it is at the higher level in the schedule's own
 * coordinates (Ho et al. 2020, section 3.2).
 */
function forwardNoise(options: SamplerOptions): Noise {
  const ratio = signalRatio(options);
  return (sigma, next) => ratio(sigma, next) * Math.sqrt(sigma ** 2 - next ** 2);
}

type Noise = (sigma: number, next: number) => number;
type NoiseOf = (options: SamplerOptions) => (sigma: number, next: number) => Pick<Step, "c" | "w">;

/** What the steps add: the posterior's noise, the forward step's, or between the two what the network says (Nichol & Dhariwal 2021, Eq. 15). */
const noises = {
  posterior: () => (sigma, next) => ({ c: posteriorNoise(sigma, next) }),
  forward: (options) => {
    const noise = forwardNoise(options);
    return (sigma, next) => ({ c: noise(sigma, next) });
  },
  learned: (options) => {
    const largest = forwardNoise(options);
    return (sigma, next) => {
      const c = posteriorNoise(sigma, next);
      return { c, w: Math.log(largest(sigma, next) / c) };
    };
  },
} satisfies Record<string, NoiseOf>;

/** x <- (s/sigma)^2 x + (1 - (s/sigma)^2) D + noise from sigma to s (Song et al. 2021, Eqs. 4 and 47); none is left at the end. */
export const ancestral: Sampler = {
  summary: "draws each level from its posterior: DDPM's sampler, --variance posterior, forward or learned",
  source: "Ho et al. 2020, Algorithm 2; Song et al. 2021, appendix F",
  ...oneStepPerLevel,
  steps(options) {
    const noise: ReturnType<NoiseOf> = noises[options.variance ?? "posterior"](options);
    return descend(options, (sigma, next) => {
      const a = (next / sigma) ** 2;
      return { a, b: 1 - a, ...noise(sigma, next) };
    });
  },
};
