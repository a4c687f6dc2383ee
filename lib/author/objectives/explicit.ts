// Explicit score matching: the Fisher divergence itself, for data whose score is known.
import { mul, square, sub } from "../graph/ops.ts";
import type { Objective } from "./objective.ts";
import { meanOverSample, perturb } from "./perturb.ts";

/**
 * 1/2 · E‖s(x̃, sigma) - ∇ log q_sigma(x̃)‖² with x̃ = x + sigma·z, per dimension (Hyvärinen 2005, Eq. 2).
 * Its minimum is 0. Throws without an oracle, the true score of the blurred data.
 */
export const explicit: Objective = {
  summary: "explicit score matching, the Fisher divergence to a known score",
  source: "Hyvärinen 2005",
  backwardPasses: "1",
  needs: "oracle",
  clean: true,
  draws: { z: "normal" },
  loss(score, { x, sigma, draws, oracle }) {
    if (!oracle)
      throw new Error("explicit: expected data whose score is known, got no oracle; use denoising instead");
    const noisy = perturb(x, sigma, draws.z!);
    return mul(meanOverSample(square(sub(score(noisy, sigma), oracle(noisy, sigma)))), 0.5);
  },
};
