// An open model of pictures: what the page is told of it, and its training.
import { UserError } from "../../../lib/errors.ts";
import type { Artifact } from "../../../lib/run/session.ts";
import { denoiserMethods } from "../../recipes/methods.ts";
import { defaultMethod } from "../../recipes/sampling-plan.ts";
import type { Run } from "./pictures-run.ts";
import type { PictureMethod, PictureModel } from "./protocol.ts";

export interface Model {
  readonly artifact: Artifact;
  /** The averaged weights that it came with. */
  readonly weights: Float32Array;
  /** Its training, where it can go on. */
  readonly run: Run | undefined;
}

export function infoOf({ artifact: { manifest, where }, run }: Model): PictureModel {
  const { data, noise, parameterCount } = manifest;
  const [channels = 1, height = 1, width = 1] = data.shape;
  return {
    name: where.slice(where.lastIndexOf("/") + 1),
    shape: [channels, height, width],
    classes: data.classes,
    guidable: data.unconditional !== undefined,
    parameters: parameterCount,
    sigmas: noise.sigmas,
    method: methodOf(manifest),
    training: run && { step: run.step, totalSteps: run.totalSteps },
  };
}

/** What the model samples with; chains of its own training are not for pages, and Langevin dynamics does nearly the same. */
function methodOf(manifest: Artifact["manifest"]): PictureMethod {
  const own = defaultMethod(manifest);
  const names = Object.keys(denoiserMethods) as PictureMethod[];
  return names.find((name) => name === own) ?? "langevin";
}

/** The training of a model. Throws UserError for a model that came without. */
export function runOf({ run, artifact }: Model): Run {
  if (run !== undefined) return run;
  throw new UserError(
    `${artifact.where}: this is a model without its training; open a run folder, or train one here`,
  );
}
