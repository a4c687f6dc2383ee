// What says how likely data are under a model.
import { UsageError } from "../../lib/errors.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { hasBound } from "./likelihood-bound.ts";

export const likelihoodMethods = ["ode", "bound", "diffusion"] as const;

type LikelihoodMethod = (typeof likelihoodMethods)[number];

/** The chosen method, else what the model has. Throws UsageError for a choice that a diffusion cannot follow. */
export function methodsFor(
  artifact: Artifact,
  chosen: LikelihoodMethod | undefined,
): readonly LikelihoodMethod[] {
  if (!artifact.manifest.diffusion)
    return chosen ? [chosen] : hasBound(artifact) ? ["ode", "bound"] : ["ode"];
  if (chosen && chosen !== "diffusion")
    throw new UsageError(`--method ${chosen}: a model of a diffusion has one method, diffusion`);
  return ["diffusion"];
}
