// Implicit score matching with the exact trace of the Jacobian, for data of few dimensions.
import { sizeOf } from "../../artifact/shape.ts";
import { constant } from "../graph/constant.ts";
import { add, expand, mul, square } from "../graph/ops.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { quadraticForm } from "./jacobian.ts";
import type { Objective } from "./objective.ts";
import { meanOverSample, perturb } from "./perturb.ts";

/**
 * E[tr ∇s(x̃, sigma) + 1/2 ‖s(x̃, sigma)‖²] with x̃ = x + sigma·z, per dimension (Hyvärinen 2005, Theorem 1).
 * It is the Fisher divergence less 1/2 E‖∇ log q_sigma‖², so it may be negative: at best -1/2 · tr S⁻¹/D on data N(m, S).
 * The trace takes one vector-Jacobian product for each of the D dimensions.
 */
export const implicit: Objective = {
  summary: "implicit (Hyvärinen) score matching with the exact trace",
  source: "Hyvärinen 2005",
  backwardPasses: "2D + 1",
  clean: true,
  draws: { z: "normal" },
  loss(score, { x, sigma, draws }) {
    const noisy = perturb(x, sigma, draws.z!);
    const s = score(noisy, sigma);
    const trace = basis(x.shape)
      .map((e) => quadraticForm(s, noisy, e))
      .reduce((total, part) => add(total, part));
    return add(trace, mul(meanOverSample(square(s)), 0.5));
  },
};

/** The D unit vectors of a sample, each for the whole batch: D tensors [B,...]. */
function basis([batch, ...shape]: Shape): Tensor[] {
  const size = sizeOf(shape);
  return Array.from({ length: size }, (_, i) =>
    expand(constant(new Float32Array(size).fill(1, i, i + 1), [1, ...shape]), [batch!, ...shape]),
  );
}
