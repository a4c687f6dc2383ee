// Implicit score matching of an energy with a diagonal approximation of the second derivatives.
import { diagonalCurvature } from "../autodiff/diagonal.ts";
import { mul, square, sub } from "../graph/ops.ts";
import type { Objective } from "./objective.ts";
import { meanOverSample, perturb } from "./perturb.ts";

/**
 * E[-Σ h + 1/2 ‖s(x̃, sigma)‖²] with x̃ = x + sigma·z and s = -∇E, per dimension, where h approximates the diagonal of ∇²E
 * by one backward pass (Kingma & LeCun 2010, section 4). Exact for a network of one hidden layer; with more layers
 * the minimum is another one than that of the implicit objective. Throws without an energy.
 */
export const implicitDiagonal: Objective = {
  summary: "implicit score matching of an energy, second derivatives approximated in one pass",
  source: "Kingma & LeCun 2010",
  backwardPasses: "5",
  needs: "energy",
  clean: true,
  draws: { z: "normal" },
  loss(score, { x, sigma, draws, energy }) {
    if (!energy)
      throw new Error("implicit-diagonal: expected a model of the energy, got a score; use sliced instead");
    const noisy = perturb(x, sigma, draws.z!);
    const curvature = diagonalCurvature(energy(noisy, sigma), noisy);
    return sub(mul(meanOverSample(square(score(noisy, sigma))), 0.5), meanOverSample(curvature));
  },
};
