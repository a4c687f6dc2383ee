// Denoising score matching, at one noise level or at many: the objective of noise-conditional score networks.
import { add, div, mul, perSample, square } from "../graph/ops.ts";
import type { Objective } from "./objective.ts";
import { meanOverSample, perturb } from "./perturb.ts";

/**
 * 1/2 · E‖s(x̃, sigma) + z/sigma‖² with x̃ = x + sigma·z (Vincent 2011, Eq. 10; Song & Ermon 2019, Eq. 5), per dimension.
 * With the weight sigma² a score of zero costs 1/2, and the best score on data N(0, c²) costs 1/2 · c²/(c² + sigma²).
 */
export const denoising: Objective = {
  summary: "denoising score matching at one noise level or many",
  source: "Vincent 2011; Song & Ermon 2019",
  backwardPasses: "1",
  clean: false,
  draws: { z: "normal" },
  loss(score, { x, sigma, draws }) {
    const z = draws.z!;
    const noisy = perturb(x, sigma, z);
    return mul(meanOverSample(square(add(score(noisy, sigma), div(z, perSample(sigma, x))))), 0.5);
  },
};
