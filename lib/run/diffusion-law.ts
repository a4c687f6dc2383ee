// The law of a trained diffusion's chain: its kernel, and its betas as the weights have them.
import { betaOffsetsName } from "../artifact/diffusion.ts";
import type { DiffusionEntry, Manifest } from "../artifact/manifest.ts";
import { namedParameters } from "../artifact/parameters.ts";
import { UserError } from "../errors.ts";
import { binomialLaw, type DiffusionLaw, gaussianLaw } from "../theory/diffusions/law.ts";
import { learnedBetas } from "../theory/diffusions/learned-betas.ts";

/** The manifest's diffusion. Throws UserError for a model of noise levels, which has none. */
export function diffusionOf({ diffusion, preset }: Manifest): DiffusionEntry {
  if (diffusion) return diffusion;
  throw new UserError(`reverse: preset "${preset}" has no diffusion to reverse; choose another method`);
}

/** The chain in plain numbers, for a flat vector of `parameterCount` weights. Throws UserError for a model without one. */
export function diffusionLaw(manifest: Manifest, weights: Float32Array): DiffusionLaw {
  const diffusion = diffusionOf(manifest);
  if (diffusion.kernel === "binomial") return binomialLaw(diffusion.steps);
  const { data } = namedParameters(manifest, weights).get(betaOffsetsName)!;
  return gaussianLaw(learnedBetas(diffusion.firstBeta, Float64Array.from(data, Number)));
}
