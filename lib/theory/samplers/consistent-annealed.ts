// Consistent annealed sampling: one step per level whose noise lands exactly on the next (Jolicoeur-Martineau et al. 2021).
import { UserError } from "../../errors.ts";
import { descend, lastNoiseLevel, oneStepPerLevel, type Sampler, type SamplerOptions } from "./sampler.ts";

/**
 * x <- x + eta sigma^2 score + beta s z from each level sigma to the next, s; the last one denoises. With eta = 1 - (s/sigma)^2
 * it is the ancestral sampler of a variance-exploding diffusion (Song et al. 2021, appendix F), and so it is unless the user
 * chooses a step size eps = eta sigma_L^2: the model's own is balanced for many steps per level and may be out of range.
 */
export const consistentAnnealed: Sampler = {
  summary: "one step per level, with the noise that the next level asks for; ancestral unless --step-size",
  source: "Jolicoeur-Martineau et al. 2021",
  ...oneStepPerLevel,
  stepSized: ({ stepChosen = false }) => stepChosen,
  *steps(options) {
    const chosen = chosenEta(options, lastNoiseLevel(options.sigmas));
    yield* descend(options, (sigma, next) => {
      const eta = chosen ?? 1 - (next / sigma) ** 2;
      // beta s: what is left of the old noise and the new together have variance s^2.
      const fresh = Math.max(0, next ** 2 - ((1 - eta) * sigma) ** 2);
      return { a: 1 - eta, b: eta, c: Math.sqrt(fresh) };
    });
  },
};

// 1 - gamma < eta < 1 + gamma at every level, for gamma = s/sigma: outside, more noise is left than the next level has.
function chosenEta({ sigmas, stepSize, stepChosen }: SamplerOptions, last: number): number | undefined {
  if (!stepChosen) return undefined;
  const eta = stepSize / last ** 2;
  const gamma = Math.min(...sigmas.slice(1).map((sigma, i) => sigma / sigmas[i]!));
  if (Math.abs(1 - eta) < gamma) return eta;
  const [least, most] = [1 - gamma, 1 + gamma].map((bound) => (bound * last ** 2).toPrecision(3));
  throw new UserError(
    `consistent-annealed: expected a step size between ${least} and ${most} on a ladder of ${sigmas.length} levels, got ${stepSize}; leave it out for the ancestral step, or use more levels`,
  );
}
