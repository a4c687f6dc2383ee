// Sliced score matching: the trace of the score's Jacobian estimated along random directions.
import { sizeOf } from "../../artifact/shape.ts";
import { add, div, mul, perSample, sqrt, square } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { quadraticForm } from "./jacobian.ts";
import type { Objective } from "./objective.ts";
import { meanOverSample, perturb } from "./perturb.ts";

/** Directions v with E v·vᵀ = I: what is drawn, and what becomes of it. */
interface Projection {
  readonly feed: "rademacher" | "normal";
  readonly direction: (drawn: Tensor) => Tensor;
}

const projections = {
  Rademacher: { feed: "rademacher", direction: (v) => v },
  Gaussian: { feed: "normal", direction: (v) => v },
  /** Uniform on the sphere of radius √D. */
  sphere: {
    feed: "normal",
    direction: (v) => div(v, perSample(sqrt(meanOverSample(square(v))), v)),
  },
} satisfies Record<string, Projection>;

const sizeOfSample = (x: Tensor) => sizeOf(x.shape.slice(1));

/** The squared norm of s per dimension, as (vᵀs)² or as the expectation of that over v. */
const squaredNorms = {
  projected: (s: Tensor, v: Tensor) => mul(square(meanOverSample(mul(v, s))), sizeOfSample(s)),
  exact: (s: Tensor) => meanOverSample(square(s)),
};

/**
 * E[vᵀ·∇s(x̃, sigma)·v + 1/2 (vᵀ·s(x̃, sigma))²] with x̃ = x + sigma·z and random directions v, per dimension; in the
 * variance-reduced form ‖s‖² replaces (vᵀs)² (Song, Garg, Shi & Ermon 2019, Eq. 7 and 8). In expectation it is the implicit objective.
 * On a ladder of levels with the weight sigma² it is the annealed sliced objective of NCSN (Song & Ermon 2019).
 */
export function sliced(projection: keyof typeof projections, norm: keyof typeof squaredNorms): Objective {
  const { feed, direction } = projections[projection];
  return {
    summary: `sliced score matching, ${projection} directions${norm === "exact" ? ", variance-reduced" : ""}`,
    source: "Song, Garg, Shi & Ermon 2019",
    backwardPasses: "3",
    clean: true,
    draws: { z: "normal", projection: feed },
    loss(score, { x, sigma, draws }) {
      const noisy = perturb(x, sigma, draws.z!);
      const s = score(noisy, sigma);
      const v = direction(draws.projection!);
      return add(quadraticForm(s, noisy, v), mul(squaredNorms[norm](s, v), 0.5));
    },
  };
}
