// Small artifacts in memory, authored from networks of a few parameters.
import { type Authored, type Authoring, author } from "../../lib/author/author.ts";
import type { Network } from "../../lib/author/denoiser.ts";
import { add, cast, conv, mul, reshape, tanh } from "../../lib/author/graph/ops.ts";
import type { Artifact } from "../../lib/run/session.ts";

/** F(x) = scale x + shift, one scalar each. */
const linear: Network = (p, { x }) => {
  const scale = p.get("scale", [1], { kind: "normal", std: 0.1 });
  return add(mul(x, scale), p.get("shift", [1], { kind: "constant", value: 0.5 }));
};

/** F(x) = slope label, whatever x is. */
export const labelled: Network = (p, { x, label }) => {
  const slope = p.get("slope", [1], { kind: "constant", value: 1 });
  const perImage = reshape(cast(label!, "float32"), [-1, 1, 1, 1]);
  return add(mul(perImage, slope), mul(x, 0));
};

/** Two 3x3 convolutions with tanh between, for images of one channel. */
export const convolutional: Network = (p, { x }) => {
  const first = p.get("first", [4, 1, 3, 3], { kind: "normal", std: 0.3 });
  const second = p.get("second", [1, 4, 3, 3], { kind: "uniform", bound: 0.3 });
  return conv(tanh(conv(x, first, undefined, { padding: 1 })), second, undefined, { padding: 1 });
};

/** Steps in proportion to the gradient; Adam's show its last bits where it is small. */
export const momentum: Authoring["optimizer"] = {
  kind: "sgd",
  learningRate: 0.1,
  momentum: 0.9,
  warmupSteps: 0,
  decay: "constant",
  totalSteps: 10,
  weightDecay: 0,
  clipNorm: 1,
};

const defaults: Authoring = {
  network: { score: linear },
  objective: "denoising",
  preset: "tiny",
  model: { folder: "net", config: {} },
  noise: {
    preconditioning: "edm",
    weighting: "sigma-squared",
    schedule: { name: "edm" },
    training: { kind: "ladder" },
    sigmas: [1, 0.5],
    sigmaData: 0.5,
  },
  langevin: { stepSize: 0.01, stepsPerLevel: 2 },
  data: { source: "gaussian", shape: [1, 2, 2], classes: 0, options: {} },
  batch: 8,
  ema: { decay: 0.99 },
  optimizer: {
    kind: "adamw",
    learningRate: 0.02,
    warmupSteps: 5,
    decay: "cosine",
    totalSteps: 300,
    weightDecay: 0,
    clipNorm: 1,
    betas: [0.9, 0.99],
    epsilon: 1e-8,
  },
  samplingBatches: [2, 5],
};

/** The linear network on 2x2 images in batches of 8, with whatever is given in place of that. */
export const tinyFiles = (settings: Partial<Authoring> = {}): Authored =>
  author({ ...defaults, ...settings });

/** The same, opened. */
export function tinyArtifact(settings: Partial<Authoring> = {}): Artifact {
  const { manifest, files } = tinyFiles(settings);
  return { manifest, where: "tiny", read: async (file) => files.get(file)! };
}
