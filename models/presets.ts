// Named settings that work: the network, the data it is made for, and how it is trained.
import type { OptimizerSettings } from "../lib/author/author.ts";
import type { ObjectiveName } from "../lib/author/objectives/index.ts";
import type { FamilyPreconditioningName, FamilyWeightingName } from "../lib/theory/family.ts";
import type { ScheduleRecord } from "../lib/theory/schedules/index.ts";
import type { SigmaDistribution } from "../lib/theory/sigma-distribution.ts";
import type { SigmaGridName } from "../lib/theory/sigma-grids.ts";
import { energyMlpModel, energyResnetModel, type ModelMaker, mlpModel, unetModel } from "./model.ts";
import { imageNegatives, type NegativesMaker, pointNegatives } from "./negatives.ts";

export interface PresetSchedule {
  readonly record: ScheduleRecord;
  readonly training: SigmaDistribution;
  /** The levels that sampling visits unless it is told others. */
  readonly grid: SigmaGridName;
  readonly steps: number;
}

export interface Preset {
  /** One line for the command line's table. */
  readonly summary: string;
  /** The data set, built in or a path, that is used when none is given. */
  readonly data: string;
  readonly model: ModelMaker;
  readonly objective: ObjectiveName;
  readonly preconditioning: FamilyPreconditioningName;
  readonly weighting: FamilyWeightingName;
  /** A schedule of its own instead of a ladder that suits the data. */
  readonly schedule?: PresetSchedule;
  /** One noise level instead of a ladder; 0 for the data as they are. */
  readonly sigma?: number;
  /** The smallest noise level, of points in units of their standard deviation. */
  readonly sigmaMin: number;
  /** How far neighbouring levels overlap (Song & Ermon 2020, technique 2), or how many levels there are. */
  readonly overlap: number;
  readonly levels?: number;
  readonly stepsPerLevel: number;
  readonly batch: number;
  readonly steps: number;
  readonly emaDecay: number;
  readonly optimizer: OptimizerSettings;
  /** How objectives that learn from the model's own samples draw them. */
  readonly negatives?: NegativesMaker;
  /** Batch sizes of the sampling graphs. */
  readonly samplingBatches: readonly number[];
}

const adam = (learningRate: number, totalSteps: number): Extract<OptimizerSettings, { kind: "adamw" }> => ({
  kind: "adamw",
  learningRate,
  warmupSteps: Math.min(100, Math.ceil(totalSteps / 10)),
  decay: "cosine",
  totalSteps,
  weightDecay: 0,
  clipNorm: 1,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
});

/**
 * What the presets share: NCSNv2's five techniques (Song & Ermon 2020) on data in [-1, 1]. The score is net/sigma, and net
 * adds the input to what the U-Net predicts (the preconditioning of Karras et al. 2022). Group normalisation forgets an
 * image's mean, so that without the added input short training gives samples too dark or too bright; see `digits-ncsn`.
 */
const ncsn = {
  objective: "denoising",
  preconditioning: "edm",
  weighting: "sigma-squared",
  sigmaMin: 0.02,
  overlap: 0.5,
  stepsPerLevel: 5,
  batch: 16,
  emaDecay: 0.999,
  // Single images, previews, sheets.
  samplingBatches: [1, 10, 60],
} as const satisfies Partial<Preset>;

/** 0.7 M parameters, an eighth of a second a step on two CPU cores. */
const small = {
  model: unetModel({
    block_out_channels: [16, 32, 64],
    down_block_types: ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
    up_block_types: ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
    layers_per_block: 1,
    norm_num_groups: 8,
    attention_head_dim: 32,
  }),
  steps: 2300,
  optimizer: adam(4e-3, 2300),
} satisfies Partial<Preset>;

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
  "digits-vp": {
    ...ncsn,
    ...small,
    summary: "as digits, with the variance-preserving SDE in continuous time and v prediction",
    data: "digits",
    preconditioning: "v",
    schedule: { record: { name: "vp" }, training: { kind: "schedule" }, grid: "native", steps: 200 },
  },
  "digits-ve": {
    ...ncsn,
    ...small,
    summary: "as digits, with the variance-exploding SDE in continuous time",
    data: "digits",
    preconditioning: "ncsn",
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
  cifar10: {
    ...ncsn,
    summary: "google/ddpm-cifar10-32's network, 35.7 M parameters, for a GPU",
    data: "shapes",
    model: unetModel(
      {
        block_out_channels: [128, 256, 256, 256],
        down_block_types: ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
        up_block_types: ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
        downsample_padding: 0,
        flip_sin_to_cos: false,
        freq_shift: 1,
        norm_eps: 1e-6,
        attention_head_dim: null,
      },
      { conditional: false },
    ),
    batch: 128,
    steps: 300000,
    optimizer: adam(1e-4, 300000),
  },
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
    model: mlpModel({ hidden: [128, 128, 128], act_fn: "silu", frequencies: [1, 2, 4, 8] }),
  },
  "density-energy": {
    ...density,
    summary: "the same as an energy whose negative gradient is the score",
    model: energyMlpModel({ hidden: [128, 128, 128], act_fn: "silu", frequencies: [1, 2, 4, 8] }),
    negatives: pointNegatives,
  },
  "density-shallow": {
    ...density,
    summary: "an energy with one wide hidden layer, for which implicit-diagonal is exact",
    model: energyMlpModel({ hidden: [512], act_fn: "silu", frequencies: [] }),
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
