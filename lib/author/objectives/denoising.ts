// Denoising score matching at many noise levels: the objective of noise-conditional score networks.
import { add, mean, mul, perSample, square } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Objective } from "./objective.ts";

/**
 * lambda(sigma)/2 · E‖s(x̃, sigma) + (x̃ - x)/sigma²‖² with x̃ = x + sigma·z and lambda = sigma², which is
 * 1/2 · E‖sigma·s(x̃, sigma) + z‖² (Vincent 2011, Eq. 10; Song & Ermon 2019, Eq. 5 and 6), per dimension.
 * A score of zero costs 1/2; the best score on data N(0, c²) costs 1/2 · c²/(c² + sigma²).
 */
export const denoising: Objective = {
  summary: "denoising score matching at many noise levels, weighted by sigma²",
  source: "Vincent 2011; Song & Ermon 2019",
  draws: { z: "normal" },
  loss(score, { x, sigma, draws }) {
    const z = draws.z!;
    const level = perSample(sigma, x);
    const noisy = add(x, mul(level, z));
    return mul(meanOverSample(square(add(mul(level, score(noisy, sigma)), z))), 0.5);
  },
};

const meanOverSample = (x: Tensor) => mean(x, { axes: [...x.shape.keys()].slice(1) });
