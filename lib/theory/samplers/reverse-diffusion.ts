// The reverse-diffusion sampler: the reverse process discretised as the forward one is (Song et al. 2021, Eq. 46).
import { type Descent, descend, oneStepPerLevel, type Sampler, type StepTo, signalRatio } from "./sampler.ts";

/**
 * For the forward step x <- x + f(x) + G z the reverse one, x <- x - f(x) + G^2 score + G z. In the schedule's own
 * coordinates f(x) = (r - 1) x for the decay r of the signal, and G^2 is r^2 (sigma^2 - s^2) times the squared alpha of s.
 */
export function reverseDiffusionStep(options: Descent): StepTo {
  const signal = signalRatio(options);
  return (sigma, next) => {
    const r = signal(sigma, next);
    const pull = 1 - (next / sigma) ** 2;
    return { a: r * (2 - r - pull), b: r * pull, c: r * Math.sqrt(sigma ** 2 - next ** 2) };
  };
}

export const reverseDiffusion: Sampler = {
  summary: "reverse-time SDE, discretised in the same way as the forward process",
  source: "Song et al. 2021, Eq. 46",
  ...oneStepPerLevel,
  steps: (options) => descend(options, reverseDiffusionStep(options)),
};
