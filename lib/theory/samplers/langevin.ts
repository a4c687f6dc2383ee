// Plain Langevin dynamics: many equal steps at one small noise level, or at none (Song & Ermon 2019, section 2.2).
import {
  denoises,
  denoisingStep,
  evaluationsLeft,
  langevinStep,
  lastLevel,
  type Sampler,
  type SamplerOptions,
} from "./sampler.ts";

/**
 * Langevin dynamics with the given step sizes, which stays at the ladder's last level; it starts from noise as wide as the
 * data, since it cannot travel far.
 */
export const langevinWith = (
  about: Pick<Sampler, "summary" | "source">,
  alphas: (options: SamplerOptions) => readonly number[],
): Sampler => ({
  ...about,
  initialSigma: ({ sigmas, sigmaData }) => Math.hypot(sigmaData, lastLevel(sigmas)),
  *steps(options) {
    const sigma = lastLevel(options.sigmas);
    for (const alpha of alphas(options)) yield langevinStep(sigma, alpha);
    if (denoises(options)) yield denoisingStep(sigma);
  },
  stepSized: () => true,
  nfe: (options) => options.steps + Number(denoises(options)),
  fitBudget: (options, budget) => ({ ...options, steps: evaluationsLeft(options, budget, 1) }),
});

export const langevin = langevinWith(
  {
    summary: "Langevin dynamics at the smallest noise level; the baseline that annealing improves on",
    source: "Song & Ermon 2019, section 2.2",
  },
  ({ steps, stepSize }) => Array<number>(steps).fill(stepSize),
);
