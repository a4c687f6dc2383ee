// Golden networks: weights, outputs and gradients that PyTorch's diffusers computed (test/golden/unet2d.py).
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors, type SafetensorsFile } from "../../lib/artifact/safetensors.ts";

/** What test/golden/unet2d.py has written, each one a network. */
export const goldenNames = [
  "tiny",
  "google",
  "class-conditional",
  "scale-shift",
  "fourier",
  "gelu",
  "mid-options",
  "no-mid",
] as const;

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Golden {
  /** diffusers' config.json, with the versions that computed the golden values. */
  readonly config: Record<string, unknown>;
  readonly weights: ReadonlyMap<string, FloatTensor>;
  /** `sample`, `timestep`, `target`, `output`, `loss`, `class_labels` where there are classes, and `grad.<weight>` for each trained weight. */
  readonly golden: ReadonlyMap<string, FloatTensor>;
}

/** Reads a golden network: its config, its weights, and the inputs, outputs and gradients. Throws where a tensor is not float32. */
export function readGolden(name: (typeof goldenNames)[number]): Golden {
  const golden = read(`${name}.golden.safetensors`);
  return {
    config: JSON.parse(golden.metadata.config!),
    weights: floats(read(`${name}.weights.safetensors`)),
    golden: floats(golden),
  };
}

function read(file: string): SafetensorsFile {
  const path = join(import.meta.dirname, "../golden/unet2d", file);
  return decodeSafetensors(readFileSync(path), path);
}

function floats({ tensors }: SafetensorsFile): Map<string, FloatTensor> {
  return new Map(
    [...tensors].map(([name, { dtype, shape, data }]) => {
      if (dtype !== "F32") throw new Error(`readGolden: ${name} expected F32, got ${dtype}`);
      return [name, { shape, data }];
    }),
  );
}
