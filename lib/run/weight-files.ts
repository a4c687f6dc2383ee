// The files of weights in diffusers' layout: config.json and diffusion_pytorch_model.safetensors, by parameter name.
import type { Manifest } from "../artifact/manifest.ts";
import { flatParameters, namedParameters } from "../artifact/parameters.ts";
import { decodeSafetensors, safetensorsPieces } from "../artifact/safetensors.ts";
import { jsonPieces, type Pieces } from "./contents.ts";
import { schedulerConfig } from "./scheduler-config.ts";

export const weightsFile = "diffusion_pytorch_model.safetensors";
export const configFile = "config.json";

/** A folder of its own with a model's config and its weights (flat, `parameterCount` floats). */
export const weightFiles = (
  folder: string,
  manifest: Manifest,
  flat: Float32Array,
): Record<string, Pieces> => ({
  [`${folder}/${configFile}`]: jsonPieces(manifest.model.config),
  [`${folder}/${weightsFile}`]: safetensorsPieces(namedParameters(manifest, flat)),
});

/** The diffusers release whose pipeline format is written. */
const _diffusers_version = "0.42.1";

/**
 * What makes a folder with a U-Net a pipeline of diffusers: model_index.json and scheduler/scheduler_config.json.
 * Nothing for another network, or for noise that diffusers' DDPMScheduler does not know.
 */
export function pipelineFiles({ model, noise }: Manifest): Record<string, Pieces> {
  const scheduler = schedulerConfig(noise);
  if (!scheduler || model.config._class_name !== "UNet2DModel") return {};
  const index = {
    _class_name: "DDPMPipeline",
    _diffusers_version,
    scheduler: ["diffusers", scheduler._class_name],
    [model.folder]: ["diffusers", model.config._class_name],
  };
  return {
    "scheduler/scheduler_config.json": jsonPieces({ ...scheduler, _diffusers_version }),
    "model_index.json": jsonPieces(index),
  };
}

/** The flat vector that the bytes of a file at `path` hold. Throws UserError for another model's or a broken file. */
export const flatWeights = (manifest: Manifest, bytes: Uint8Array, path: string): Float32Array =>
  flatParameters(manifest, decodeSafetensors(bytes, path).tensors, path);
