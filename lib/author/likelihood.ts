// The graph of which likelihoods are made: the denoiser, and a quadratic form of its Jacobian.
import { vjp } from "./autodiff/gradient.ts";
import { denoiser } from "./denoiser.ts";
import { input } from "./graph/constant.ts";
import { mul, sum } from "./graph/ops.ts";
import { type Model, modelInputs, type Outputs } from "./graphs.ts";
import type { Layout } from "./layout.ts";
import { Parameters } from "./nn/parameters.ts";

/**
 * D(x; sigma), and vᵀ·(dD/dx)·v of each sample, [B], for the `direction` v: over directions with E v·vᵀ = I its mean is the
 * divergence of D (Hutchinson 1989), and over the unit vectors it adds up to that.
 */
export function likelihoodOutputs(model: Model, batch: number, layout: Layout): Outputs {
  const { x, at, label } = modelInputs(model, batch);
  const denoised = denoiser(model.network, new Parameters(), at, label).denoised(x);
  const v = input("direction", x.shape);
  const form = sum(mul(v, vjp(denoised, x, v)), { axes: [...x.shape.keys()].slice(1) });
  const [boundDenoised, divergence] = layout.bind([denoised, form]);
  return {
    denoised: { tensor: boundDenoised!, role: "sample" },
    divergence: { tensor: divergence!, role: "metric" },
  };
}
