// Annealed Langevin dynamics: a few Langevin steps at each level of the noise ladder (Song & Ermon 2019, Algorithm 1).
import { UserError } from "../../errors.ts";
import { balancedStep } from "../langevin-step.ts";
import { ladderRatio } from "../noise-ladder.ts";
import {
  denoisingStep,
  evaluationsLeft,
  langevinStep,
  lastNoiseLevel,
  type Sampler,
  type SamplerOptions,
  thinned,
} from "./sampler.ts";

/** Steps alpha_i = eps sigma_i^2 / sigma_L^2, so that the ratio of drift to noise is the same at every level. */
export const annealedLangevin: Sampler = {
  summary: "Langevin dynamics from the largest noise level down to the smallest",
  source: "Song & Ermon 2019, Algorithm 1; Song & Ermon 2020, section 3.4",
  initialSigma: ({ sigmas }) => Math.max(...sigmas),
  *steps({ sigmas, stepsPerLevel, stepSize, denoise }) {
    const last = lastNoiseLevel(sigmas);
    requireStable(stepSize, last);
    for (const sigma of sigmas) {
      const step = langevinStep(sigma, stepSize * (sigma / last) ** 2);
      for (let i = 0; i < stepsPerLevel; i++) yield step;
    }
    if (denoise) yield denoisingStep(last);
  },
  stepSized: () => true,
  nfe: ({ sigmas, stepsPerLevel, denoise }) => sigmas.length * stepsPerLevel + Number(denoise),
  fitBudget(options, budget) {
    const { count, stepsPerLevel } = shareOut(evaluationsLeft(options, budget, 2), options.sigmas.length);
    const sigmas = thinned(options.sigmas, count);
    return { ...options, sigmas, stepsPerLevel, stepSize: rebalanced(sigmas, stepsPerLevel, options) };
  },
};

// Seen from a noisy level the data are points, or have directions without width, which steps from 2 sigma^2 on overshoot.
function requireStable(stepSize: number, last: number): void {
  const limit = 2 * last ** 2;
  if (!(stepSize > 0 && stepSize < limit))
    throw new UserError(
      `annealed-langevin: expected a step size above 0 and below ${limit.toPrecision(3)}, where the steps diverge, got ${stepSize}`,
    );
}

// Whole steps at all levels, if that leaves less than a tenth of the evaluations unused; else one more at fewer levels,
// but at both ends of the ladder always.
function shareOut(evaluations: number, levels: number): { count: number; stepsPerLevel: number } {
  const whole = Math.max(1, Math.floor(evaluations / levels));
  const unused = evaluations - whole * levels;
  const fewer = unused > evaluations / 10 && evaluations >= 2 * (whole + 1);
  const stepsPerLevel = fewer ? whole + 1 : whole;
  return { count: Math.min(levels, Math.floor(evaluations / stepsPerLevel)), stepsPerLevel };
}

// Technique 4 for the new ladder: a wider ratio or fewer steps need larger steps, unless the user chose one.
function rebalanced(sigmas: readonly number[], stepsPerLevel: number, given: SamplerOptions): number {
  if (given.stepChosen || sigmas.length < 2) return given.stepSize;
  const sigmaMin = lastNoiseLevel(sigmas);
  return balancedStep({ sigmaMin, gamma: ladderRatio(sigmas[0]!, sigmaMin, sigmas.length), stepsPerLevel });
}
