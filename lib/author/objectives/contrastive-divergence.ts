// Maximum likelihood of an energy with samples of the model itself: contrastive divergence.
import { add, mul, square, sub } from "../graph/ops.ts";
import type { Objective } from "./objective.ts";
import { perturb } from "./perturb.ts";

/**
 * E(x̃) - E(x⁻) + a·(E(x̃)² + E(x⁻)²) with x̃ = x + sigma·z and x⁻ drawn from the model by a sampler that is not differentiated
 * (Hinton 2002; Du & Mordatch 2019, section 3.2). With a = 0 its gradient is that of the negative log-likelihood, E_data ∇E - E_model ∇E;
 * `regularisation` a holds the energy's free constant near 0 and bends density ratios by about 4a·E. One number per sample, so not per
 * dimension. Throws without an energy.
 */
export const contrastiveDivergence = (regularisation: number): Objective => ({
  summary: "maximum likelihood of an energy, negatives by Langevin sampling of the model",
  source: "Hinton 2002; Du & Mordatch 2019",
  backwardPasses: "2",
  needs: "energy",
  clean: true,
  draws: { z: "normal", negatives: "negative" },
  loss(_, { x, sigma, draws, energy }) {
    if (!energy)
      throw new Error(
        "contrastive-divergence: expected a model of the energy, got a score; use denoising instead",
      );
    const [real, made] = [perturb(x, sigma, draws.z!), draws.negatives!].map((at) => energy(at, sigma));
    const size = add(square(real!), square(made!));
    return add(sub(real!, made!), mul(size, regularisation));
  },
});
