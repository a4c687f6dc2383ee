// Annealed Langevin dynamics: a few Langevin steps at each level of the noise ladder (Song & Ermon 2019, Algorithm 1).
import { balancedStep } from "../langevin-step.ts";
import { ladderRatio } from "../noise-ladder.ts";
import {
  denoisingStep,
  evaluationsLeft,
  langevinStep,
  lastLevel,
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
    const last = lastLevel(sigmas);
    for (const sigma of sigmas) {
      const step = langevinStep(sigma, stepSize * (sigma / last) ** 2);
      for (let i = 0; i < stepsPerLevel; i++) yield step;
    }
    if (denoise) yield denoisingStep(last);
  },
  nfe: ({ sigmas, stepsPerLevel, denoise }) => sigmas.length * stepsPerLevel + Number(denoise),
  fitBudget(options, budget) {
    const { count, stepsPerLevel } = shareOut(evaluationsLeft(options, budget, 2), options.sigmas.length);
    const sigmas = thinned(options.sigmas, count);
    return { ...options, sigmas, stepsPerLevel, stepSize: rebalanced(sigmas, stepsPerLevel, options) };
  },
};

// Whole steps at all levels, if that leaves less than a tenth of the evaluations unused; else one more at fewer levels,
// but at both ends of the ladder always.
function shareOut(evaluations: number, levels: number): { count: number; stepsPerLevel: number } {
  const whole = Math.max(1, Math.floor(evaluations / levels));
  const unused = evaluations - whole * levels;
  const fewer = unused > evaluations / 10 && evaluations >= 2 * (whole + 1);
  const stepsPerLevel = fewer ? whole + 1 : whole;
  return { count: Math.min(levels, Math.floor(evaluations / stepsPerLevel)), stepsPerLevel };
}

// Technique 4 for the new ladder: a wider ratio or fewer steps need larger steps.
function rebalanced(sigmas: readonly number[], stepsPerLevel: number, { stepSize }: SamplerOptions): number {
  if (sigmas.length < 2) return stepSize;
  const sigmaMin = lastLevel(sigmas);
  return balancedStep({ sigmaMin, gamma: ladderRatio(sigmas[0]!, sigmaMin, sigmas.length), stepsPerLevel });
}
