// Weights on disk in diffusers' layout: config.json and diffusion_pytorch_model.safetensors, by parameter name.
import fs from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../artifact/manifest.ts";
import { flatParameters, namedParameters } from "../artifact/parameters.ts";
import { decodeSafetensors, safetensorsPieces } from "../artifact/safetensors.ts";
import { filing, jsonPieces, readHashed, syncFolder, writeFlushed } from "./files.ts";

export const weightsFile = "diffusion_pytorch_model.safetensors";
export const configFile = "config.json";

/** SHA-256 by file name. */
export type Digests = Record<string, string>;

/** Writes `<dir>/<folder>/` with its config and flat weights by name; answers the SHA-256 of each file. */
export async function writeWeights(
  dir: string,
  folder: string,
  manifest: Manifest,
  flat: Float32Array,
): Promise<Digests> {
  await fs.mkdir(join(dir, folder), { recursive: true });
  const files = {
    [`${folder}/${configFile}`]: jsonPieces(manifest.model.config),
    [`${folder}/${weightsFile}`]: safetensorsPieces(namedParameters(manifest, flat)),
  };
  const digests = await writeFiles(dir, files);
  await syncFolder(join(dir, folder));
  return digests;
}

/** Writes new files into a folder; answers the SHA-256 of each. */
export async function writeFiles(
  dir: string,
  files: Readonly<Record<string, Uint8Array[]>>,
): Promise<Digests> {
  const digests: Digests = {};
  for (const [name, pieces] of Object.entries(files)) {
    digests[name] = await writeFlushed(join(dir, name), pieces);
  }
  return digests;
}

/**
 * Writes weights (flat, `parameterCount` floats) as a new model folder `<dir>/<model.folder>/` in diffusers' layout.
 * Throws UserError where the file system refuses or the files exist.
 */
export async function writeModel(dir: string, manifest: Manifest, weights: Float32Array): Promise<void> {
  await filing(`cannot write a model to ${dir}`, () =>
    writeWeights(dir, manifest.model.folder, manifest, weights),
  );
}

/** Reads `<dir>/<model.folder>/`'s weights into one flat vector. Throws UserError for another model's or a broken file. */
export async function readModelWeights(dir: string, manifest: Manifest): Promise<Float32Array> {
  const path = join(dir, manifest.model.folder, weightsFile);
  const { bytes } = await filing(`cannot read weights from ${path}`, () => readHashed(path));
  return flatParameters(manifest, decodeSafetensors(bytes, path).tensors, path);
}
