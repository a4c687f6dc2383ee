// The Euler–Maruyama method on the reverse-time stochastic differential equation (Song et al. 2021, Eq. 6).
import { exploding } from "./diffusion.ts";
import { descend, oneStepPerLevel, type Sampler } from "./sampler.ts";

/**
 * x <- x - (f x - g^2 score) h + g sqrt(h) z over a time h in the schedule's own coordinates, alpha times ours. Another
 * schedule with the same levels takes other steps.
 */
export const eulerMaruyama: Sampler = {
  summary: "reverse-time SDE by the Euler–Maruyama method, in the model's own time",
  source: "Song et al. 2021, Eq. 6 and section 4.1",
  ...oneStepPerLevel,
  steps(options) {
    const { schedule = exploding } = options;
    return descend(options, (sigma, next) => {
      const [t, s] = [schedule.timeOf(sigma), schedule.timeOf(next)];
      const h = t - s;
      const [alpha, nextAlpha, g] = [schedule.alpha(t), schedule.alpha(s), schedule.diffusion(t)];
      // The score in these coordinates is alpha (D - x) / (alpha sigma)^2.
      const pull = (g ** 2 * h) / (alpha * sigma) ** 2;
      const ratio = alpha / nextAlpha;
      const a = ratio * (1 - schedule.drift(t) * h - pull);
      return { a, b: ratio * pull, c: (g * Math.sqrt(h)) / nextAlpha };
    });
  },
};
