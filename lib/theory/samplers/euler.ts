// Euler's method on the probability-flow ODE, which has the marginals of the diffusion and no noise (Song et al. 2021, section 4.3).
import { descend, oneStepPerLevel, type Sampler } from "./sampler.ts";

/**
 * dx/dsigma = (x - D(x; sigma)) / sigma (Karras et al. 2022, Eq. 3) in one step from each level to the next, the last one to 0:
 * x <- (s/sigma) x + (1 - s/sigma) D. The same as DDIM with eta 0 (Song et al. 2021a, Eq. 12) in these coordinates.
 */
export const euler: Sampler = {
  summary: "probability-flow ODE by Euler's method (DDIM without noise): few evaluations",
  source: "Song et al. 2021, section 4.3; Karras et al. 2022, Eq. 3",
  ...oneStepPerLevel,
  steps: (options) => descend(options, (sigma, next) => ({ a: next / sigma, b: 1 - next / sigma, c: 0 })),
};
