// Named settings that work: the network, the data it is made for, and how it is trained.
import type { MlpOptions } from "./mlp.ts";
import { energyMlpModel, energyResnetModel, flatMlpModel, mlpModel, unetModel } from "./model.ts";
import { imageNegatives, pointNegatives } from "./negatives.ts";
import { papers } from "./papers.ts";
import { adam, ncsn, type Preset } from "./preset.ts";

/** 0.7 M parameters, an eighth of a second a step on two CPU cores. */
const smallUnet = (options: Parameters<typeof unetModel>[1] = {}) =>
  unetModel(
    {
      block_out_channels: [16, 32, 64],
      down_block_types: ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
      up_block_types: ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
      layers_per_block: 1,
      norm_num_groups: 8,
      attention_head_dim: 32,
    },
    options,
  );

const small = {
  model: smallUnet(),
  steps: 2300,
  // With a limit of 1, 3 of 12 runs that differed in rounding lost at the learning rate's peak much of what they had learned; with this, none of 11.
  optimizer: { ...adam(4e-3, 2300), clipNorm: 0.3 },
} satisfies Partial<Preset>;

/** A perceptron for points with hidden layers of these widths, told the logarithm of sigma or what `noise_scale` makes of another label. */
export const pointNetwork = (hidden: readonly number[], noise_scale?: number): MlpOptions => ({
  hidden: [...hidden],
  act_fn: "silu",
  frequencies: [1, 2, 4, 8],
  ...(noise_scale !== undefined && { noise_scale }),
});

/** Brings time labels of 0 to 1000 to the span of a quarter of the logarithm of sigma. */
export const timeScale = 1 / 500;

/** Perceptrons that train in seconds on points. */
const density = {
  ...ncsn,
  data: "two-moons",
  sigmaMin: 0.1,
  // Technique 2 asks for one level per halving; more cost nothing here, and sampling follows the data's width more closely.
  levels: 50,
  stepsPerLevel: 3,
  batch: 256,
  steps: 4000,
  optimizer: adam(3e-3, 4000),
  // A batch of one would be summed in another order, and a point would then depend on its company in the last bit.
  samplingBatches: [100, 1000],
} satisfies Partial<Preset>;

/** Chains whose reverse is learned step by step, on data that are clean but for that (Sohl-Dickstein et al. 2015). */
const diffusion = {
  ...ncsn,
  objective: "diffusion-bound",
  preconditioning: "score",
  weighting: "uniform",
  sigma: 0,
} as const satisfies Partial<Preset>;

export const presets = {
  digits: {
    ...ncsn,
    ...small,
    summary: "handwritten digits, 28×28 grey, in minutes on two CPU cores",
    data: "digits",
  },
  shapes: {
    ...ncsn,
    ...small,
    summary: "coloured shapes, 32×32 RGB, in minutes on two CPU cores",
    data: "shapes",
  },
  "digits-ncsn": {
    ...ncsn,
    ...small,
    summary: "as digits, with the network's output alone as sigma times the score, as in the paper",
    data: "digits",
    preconditioning: "ncsn",
  },
  "digits-ddpm": {
    ...ncsn,
    ...small,
    summary: "as digits, with DDPM's thousand steps and noise prediction",
    data: "digits",
    preconditioning: "eps",
    schedule: { record: { name: "ddpm" }, training: { kind: "schedule" }, grid: "native", steps: 1000 },
  },
  "digits-iddpm": {
    ...ncsn,
    ...small,
    summary: "as digits-ddpm, with Improved DDPM's cosine schedule and learned variances",
    data: "digits",
    model: smallUnet({ learnedVariance: true }),
    objective: "hybrid",
    preconditioning: "eps",
    schedule: { record: { name: "cosine" }, training: { kind: "schedule" }, grid: "native", steps: 1000 },
  },
  "digits-vp": {
    ...ncsn,
    ...small,
    summary: "as digits, with the variance-preserving SDE in continuous time and v prediction",
    data: "digits",
    preconditioning: "v",
    schedule: { record: { name: "vp" }, training: { kind: "schedule" }, grid: "native", steps: 200 },
  },
  "digits-cosine": {
    ...ncsn,
    ...small,
    summary: "as digits, with Improved DDPM's cosine schedule and v prediction",
    data: "digits",
    preconditioning: "v",
    schedule: { record: { name: "cosine" }, training: { kind: "schedule" }, grid: "native", steps: 1000 },
  },
  "digits-sub-vp": {
    ...ncsn,
    ...small,
    summary: "as digits, with the sub-VP SDE and v prediction",
    data: "digits",
    preconditioning: "v",
    schedule: { record: { name: "sub-vp" }, training: { kind: "schedule" }, grid: "native", steps: 200 },
  },
  "digits-ve": {
    ...ncsn,
    ...small,
    summary: "as digits, with the variance-exploding SDE in continuous time",
    data: "digits",
    preconditioning: "edm",
    schedule: {
      record: { name: "ve", sigmaMin: 0.02, sigmaMax: 60 },
      training: { kind: "schedule" },
      grid: "native",
      steps: 200,
    },
  },
  "digits-edm": {
    ...ncsn,
    ...small,
    summary: "as digits, with the levels, weights and grid of EDM",
    data: "digits",
    preconditioning: "edm",
    weighting: "edm",
    schedule: {
      record: { name: "edm" },
      // EDM's mean is -1.2; which digit it is, strokes on black, is decided at larger noise than what a photograph shows.
      training: { kind: "log-normal", mean: -0.5, std: 1.4 },
      grid: "karras",
      steps: 18,
    },
  },
  "digits-flow": {
    ...ncsn,
    ...small,
    summary: "as digits, with rectified flow",
    data: "digits",
    preconditioning: "velocity",
    schedule: { record: { name: "flow" }, training: { kind: "schedule" }, grid: "native", steps: 50 },
  },
  "digits-flow-logit-normal": {
    ...ncsn,
    ...small,
    summary:
      "as digits-flow, trained more in the middle of the way, at logit-normal times (Esser et al. 2024)",
    data: "digits",
    preconditioning: "velocity",
    // Their m = 0 and s = 1: sigma / alpha of rectified flow is t / (1 - t).
    schedule: {
      record: { name: "flow" },
      training: { kind: "log-normal", mean: 0, std: 1 },
      grid: "native",
      steps: 50,
    },
  },
  mnist: {
    ...ncsn,
    summary: "diffusers' MNIST network (32, 64, 64), 1.7 M parameters, for hours of training",
    data: "digits",
    model: unetModel({
      block_out_channels: [32, 64, 64],
      down_block_types: ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
      up_block_types: ["AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
    }),
    batch: 64,
    steps: 20000,
    optimizer: adam(5e-4, 20000),
  },
  ...papers,
  "digits-energy": {
    ...ncsn,
    summary: "handwritten digits as an energy, by maximum likelihood with a replay buffer",
    data: "digits",
    model: energyResnetModel({ block_out_channels: [16, 32, 64] }),
    objective: "contrastive-divergence",
    negatives: imageNegatives,
    weighting: "uniform",
    sigma: 0,
    batch: 32,
    steps: 600,
    emaDecay: 0.99,
    optimizer: { ...adam(5e-4, 600), betas: [0.5, 0.999] },
  },
  density: {
    ...density,
    summary: "points in any dimension: a perceptron that trains in seconds",
    model: mlpModel(pointNetwork([128, 128, 128])),
  },
  "density-iddpm": {
    ...density,
    summary: "the same with DDPM's betas in a hundred steps and learned variances, whose bound is a density",
    model: mlpModel(
      { hidden: [128, 128, 128], act_fn: "silu", frequencies: [1, 2, 4, 8] },
      { learnedVariance: true },
    ),
    objective: "hybrid",
    schedule: {
      record: { name: "ddpm", steps: 100 },
      training: { kind: "schedule" },
      grid: "native",
      steps: 100,
    },
  },
  "density-vp": {
    ...density,
    summary: "as density, with the variance-preserving SDE in continuous time and v prediction",
    model: mlpModel(pointNetwork([128, 128, 128], timeScale)),
    preconditioning: "v",
    schedule: { record: { name: "vp" }, training: { kind: "schedule" }, grid: "native", steps: 100 },
  },
  "density-edm": {
    ...density,
    summary: "as density, with the levels, weights and grid of EDM",
    model: mlpModel(pointNetwork([128, 128, 128])),
    weighting: "edm",
    schedule: {
      record: { name: "edm", sigmaMin: 0.02, sigmaMax: 80 },
      training: { kind: "log-normal", mean: -0.5, std: 1.4 },
      grid: "karras",
      steps: 18,
    },
  },
  "density-flow": {
    ...density,
    summary: "as density, with rectified flow",
    model: mlpModel(pointNetwork([128, 128, 128], timeScale)),
    preconditioning: "velocity",
    schedule: { record: { name: "flow" }, training: { kind: "schedule" }, grid: "native", steps: 50 },
  },
  "density-energy": {
    ...density,
    summary: "the same as an energy whose negative gradient is the score",
    model: energyMlpModel(pointNetwork([128, 128, 128])),
    negatives: pointNegatives,
  },
  "density-shallow": {
    ...density,
    summary: "an energy with one wide hidden layer, for which implicit-diagonal is exact",
    model: energyMlpModel({ ...pointNetwork([512]), frequencies: [] }),
  },
  "diffusion-2015": {
    ...diffusion,
    summary: "points by Gaussian diffusion in forty steps, whose betas are learned",
    data: "swiss-roll",
    model: mlpModel(pointNetwork([128, 128, 128], timeScale), { learnedVariance: true }),
    diffusion: { kernel: "gaussian", steps: 40, firstBeta: 1e-4 },
    batch: 256,
    steps: 4000,
    optimizer: adam(3e-3, 4000),
    samplingBatches: [100, 1000],
  },
  heartbeat: {
    ...diffusion,
    summary: "binary sequences by binomial diffusion in two thousand steps",
    data: "heartbeat",
    model: flatMlpModel({ ...pointNetwork([50, 50, 50], timeScale), frequencies: [] }),
    diffusion: { kernel: "binomial", steps: 2000 },
    batch: 256,
    steps: 4000,
    optimizer: adam(3e-3, 4000),
    samplingBatches: [64, 1000],
  },
  "binary-digits": {
    ...diffusion,
    ...small,
    summary: "digits in black and white by binomial diffusion in five hundred steps",
    data: "binary-digits",
    diffusion: { kernel: "binomial", steps: 500 },
  },
  tiny: {
    ...ncsn,
    summary: "the smallest network that still runs every part; for tests, not for pictures",
    data: "digits",
    model: unetModel({
      block_out_channels: [8, 8],
      down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
      up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
      layers_per_block: 1,
      norm_num_groups: 4,
      attention_head_dim: 8,
    }),
    batch: 8,
    stepsPerLevel: 1,
    steps: 20,
    optimizer: adam(2e-3, 20),
  },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;
