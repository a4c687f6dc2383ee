// The papers' own settings on CIFAR-10, for GPUs: their noise, training and sizes on diffusers' network, without dropout and flips.
import { unetModel } from "./model.ts";
import { adam, ncsn, type Preset } from "./preset.ts";

/** Adam without a decay, which leaves the end to the average of the weights. */
const constant = (learningRate: number, totalSteps: number, warmupSteps: number) =>
  ({ ...adam(learningRate, totalSteps), decay: "constant", warmupSteps }) as const;

/** Attention at 16×16, with one head. */
const fourLevels = {
  block_out_channels: [128, 256, 256, 256],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
  up_block_types: ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
  norm_eps: 1e-6,
  attention_head_dim: null,
} satisfies Parameters<typeof unetModel>[0];

/** No classes: the papers' networks are told none. */
const unconditional = { conditional: false };

/** Three-channel pictures of 32×32 that are there without a download; `--data` names CIFAR-10's folder. */
const data = "shapes";

export const papers = {
  "cifar10-ddpm": {
    ...ncsn,
    summary:
      "DDPM on CIFAR-10 (Ho et al. 2020), google/ddpm-cifar10-32's network, without dropout, for a GPU",
    data,
    model: unetModel(
      { ...fourLevels, downsample_padding: 0, flip_sin_to_cos: false, freq_shift: 1 },
      unconditional,
    ),
    preconditioning: "eps",
    schedule: { record: { name: "ddpm" }, training: { kind: "schedule" }, grid: "native", steps: 1000 },
    batch: 128,
    steps: 800_000,
    emaDecay: 0.9999,
    optimizer: constant(2e-4, 800_000, 5000),
  },
  "cifar10-ncsnpp": {
    ...ncsn,
    summary:
      "NCSN++'s noise, embedding and training (Song et al. 2021) on a network of about its size, without its FIR blocks and dropout, for a GPU",
    data,
    model: unetModel({ ...fourLevels, layers_per_block: 4, time_embedding_type: "fourier" }, unconditional),
    preconditioning: "ncsnpp",
    // Twice the paper's .01 to 50, whose data lie in [0, 1].
    schedule: {
      record: { name: "ve", sigmaMin: 0.02, sigmaMax: 100 },
      training: { kind: "schedule" },
      grid: "native",
      steps: 1000,
    },
    batch: 128,
    steps: 1_300_000,
    optimizer: constant(2e-4, 1_300_000, 5000),
  },
  "cifar10-edm": {
    ...ncsn,
    summary:
      "EDM's noise, weights and training (Karras et al. 2022) on a network of about its size, without augmentation and dropout, for a GPU",
    data,
    model: unetModel(
      {
        ...fourLevels,
        block_out_channels: [256, 256, 256],
        down_block_types: ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D"],
        up_block_types: ["UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
        layers_per_block: 4,
        time_embedding_dim: 512,
      },
      unconditional,
    ),
    weighting: "edm",
    schedule: {
      record: { name: "edm" },
      training: { kind: "log-normal", mean: -1.2, std: 1.2 },
      grid: "karras",
      steps: 18,
    },
    // 200 million images, the first ten million of them to warm up, and an average whose half-life is half a million.
    batch: 512,
    steps: 390_625,
    emaDecay: 0.5 ** (512 / 500_000),
    optimizer: { ...constant(1e-3, 390_625, 19_531), clipNorm: null },
  },
} satisfies Record<string, Preset>;
