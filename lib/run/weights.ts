// Weights on disk, in diffusers' layout.
import { join } from "node:path";
import type { Manifest } from "../artifact/manifest.ts";
import { keepAll } from "./contents.ts";
import { filing, fillFolder, readHashed } from "./files.ts";
import { flatWeights, pipelineFiles, weightFiles, weightsFile } from "./weight-files.ts";

/**
 * Writes weights (flat, `parameterCount` floats) as a new model folder `<dir>/<model.folder>/` in diffusers' layout.
 * Throws UserError where the file system refuses or the files exist.
 */
export async function writeModel(dir: string, manifest: Manifest, weights: Float32Array): Promise<void> {
  const files = weightFiles(manifest.model.folder, manifest, weights);
  await filing(`cannot write a model to ${dir}`, () => fillFolder(dir, (keep) => keepAll(keep, files)));
}

/** Writes what makes a folder with a U-Net a pipeline of diffusers, where it can be one. */
export const writePipeline = (dir: string, manifest: Manifest): Promise<void> =>
  fillFolder(dir, (keep) => keepAll(keep, pipelineFiles(manifest)));

/** Reads `<dir>/<model.folder>/`'s weights into one flat vector. Throws UserError for another model's or a broken file. */
export const readModelWeights = (dir: string, manifest: Manifest): Promise<Float32Array> =>
  readWeights(join(dir, manifest.model.folder), manifest);

/** Reads the weights in a folder of their own into one flat vector. Throws UserError for another model's or a broken file. */
export async function readWeights(dir: string, manifest: Manifest): Promise<Float32Array> {
  const path = join(dir, weightsFile);
  const { bytes } = await filing(`cannot read weights from ${path}`, () => readHashed(path));
  return flatWeights(manifest, bytes, path);
}
