// Weights on disk in diffusers' layout: config.json and diffusion_pytorch_model.safetensors, by parameter name.
import fs from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../artifact/manifest.ts";
import { flatParameters, namedParameters } from "../artifact/parameters.ts";
import { decodeSafetensors, safetensorsPieces } from "../artifact/safetensors.ts";
import { filing, jsonPieces, readHashed, syncFolder, writeFlushed } from "./files.ts";
import { schedulerConfig } from "./scheduler-config.ts";

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

/** The diffusers release whose pipeline format is written. */
const _diffusers_version = "0.42.1";

/**
 * Writes what makes a folder with a U-Net a pipeline of diffusers: model_index.json and scheduler/scheduler_config.json.
 * Writes nothing for another network, or for noise that diffusers' DDPMScheduler does not know.
 */
export async function writePipeline(dir: string, { model, noise }: Manifest): Promise<void> {
  const scheduler = schedulerConfig(noise);
  if (!scheduler || model.config._class_name !== "UNet2DModel") return;
  const index = {
    _class_name: "DDPMPipeline",
    _diffusers_version,
    scheduler: ["diffusers", scheduler._class_name],
    [model.folder]: ["diffusers", model.config._class_name],
  };
  await fs.mkdir(join(dir, "scheduler"));
  await writeFiles(dir, {
    "scheduler/scheduler_config.json": jsonPieces({ ...scheduler, _diffusers_version }),
    "model_index.json": jsonPieces(index),
  });
  await syncFolder(join(dir, "scheduler"));
}

/** Reads `<dir>/<model.folder>/`'s weights into one flat vector. Throws UserError for another model's or a broken file. */
export const readModelWeights = (dir: string, manifest: Manifest): Promise<Float32Array> =>
  readWeights(join(dir, manifest.model.folder), manifest);

/** Reads the weights in a folder of their own into one flat vector. Throws UserError for another model's or a broken file. */
export async function readWeights(dir: string, manifest: Manifest): Promise<Float32Array> {
  const path = join(dir, weightsFile);
  const { bytes } = await filing(`cannot read weights from ${path}`, () => readHashed(path));
  return flatParameters(manifest, decodeSafetensors(bytes, path).tensors, path);
}
