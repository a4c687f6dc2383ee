// A small consistent manifest, for tests of whatever reads one.
import { type GraphEntry, type Manifest, manifestVersion } from "../../lib/artifact/manifest.ts";

const parameterCount = 27;

function state(name: string): GraphEntry["inputs"][number] {
  return { name, dtype: "float32", shape: [parameterCount], feed: "state" };
}

const images = { name: "images", dtype: "float32", shape: [2, 1, 4, 4] } as const;
const loss = { name: "loss", dtype: "float32", shape: [], role: "loss" } as const;
const vector = { dtype: "float32", shape: [parameterCount] } as const;

function replaced(of: string): GraphEntry["outputs"][number] {
  return { name: `next_${of}`, ...vector, role: "state", of };
}

const carried = ["params", "ema", "m", "v"];

/** Three parameters of 27 floats, AdamW, a ladder of three sigmas, images of 4 by 4. */
export const tinyManifest: Manifest = {
  format: "langevin",
  version: manifestVersion,
  preset: "tiny",
  model: { folder: "unet", config: { _class_name: "UNet2DModel", sample_size: 4, block_out_channels: [2] } },
  objective: "denoising",
  noise: {
    preconditioning: "ncsnv2",
    weighting: "sigma-squared",
    schedule: { name: "edm" },
    training: { kind: "ladder" },
    sigmas: [1, 0.1, 0.01],
    sigmaData: 0.5,
  },
  langevin: { stepSize: 1e-5, stepsPerLevel: 5 },
  data: { source: "digits", shape: [1, 4, 4], classes: 10, unconditional: 0.1, options: {} },
  batch: 2,
  parameters: [
    { name: "conv_in.weight", shape: [2, 1, 3, 3], offset: 0, init: { kind: "uniform", bound: 1 / 3 } },
    { name: "conv_in.bias", shape: [2], offset: 18, init: { kind: "constant", value: 0 } },
    { name: "time_embedding.weight", shape: [7], offset: 20, init: { kind: "normal", std: 1 } },
  ],
  parameterCount,
  optimizer: {
    kind: "adamw",
    slots: ["m", "v"],
    learningRate: 1e-3,
    warmupSteps: 10,
    decay: "cosine",
    totalSteps: 100,
    weightDecay: 0,
    clipNorm: 1,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
  },
  ema: { decay: 0.999 },
  graphs: {
    training: {
      file: "training_model.onnx",
      inputs: [state("params"), { ...images, feed: "data" }],
      outputs: [loss, { name: "gradient", ...vector, role: "gradient" }],
    },
    eval: {
      file: "eval_model.onnx",
      inputs: [state("params"), { ...images, feed: "data" }],
      outputs: [loss],
    },
    optimizer: {
      file: "optimizer_model.onnx",
      inputs: [...carried.map(state), { name: "gradient", ...vector, feed: "gradient" }],
      outputs: carried.map(replaced),
    },
    step: {
      file: "step_model.onnx",
      inputs: [...carried.map(state), { ...images, feed: "data" }],
      outputs: [...carried.map(replaced), loss],
    },
    sampling: [
      {
        file: "sampling_model.onnx",
        batch: 2,
        inputs: [state("params"), { ...images, feed: "sample" }],
        outputs: [{ ...images, name: "denoised", role: "sample" }],
      },
    ],
  },
};

/** The tiny manifest with one parameter of `size` floats; for checkpoints of a chosen size, not to be run. */
export function oneVectorManifest(size: number): Manifest {
  const parameters = [
    { name: "weight", shape: [size], offset: 0, init: { kind: "constant", value: 0 } },
  ] as const;
  return { ...tinyManifest, parameters, parameterCount: size };
}
