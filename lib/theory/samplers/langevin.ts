// Plain Langevin dynamics: many equal steps at one small noise level (Song & Ermon 2019, section 2.2).
import { denoisingStep, evaluationsLeft, langevinStep, lastLevel, type Sampler } from "./sampler.ts";

/** Stays at the ladder's last level; it starts from noise as wide as the data, since it cannot travel far. */
export const langevin: Sampler = {
  summary: "Langevin dynamics at the smallest noise level; the baseline that annealing improves on",
  source: "Song & Ermon 2019, section 2.2",
  initialSigma: ({ sigmas }) => Math.max(1, lastLevel(sigmas)),
  *steps({ sigmas, steps, stepSize, denoise }) {
    const sigma = lastLevel(sigmas);
    const step = langevinStep(sigma, stepSize);
    for (let i = 0; i < steps; i++) yield step;
    if (denoise) yield denoisingStep(sigma);
  },
  nfe: ({ steps, denoise }) => steps + Number(denoise),
  fitBudget: (options, budget) => ({ ...options, steps: evaluationsLeft(options, budget, 1) }),
};
