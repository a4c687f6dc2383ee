// Named settings that work: the network, the data it is made for, and how it is trained.
import type { OptimizerSettings } from "../lib/author/author.ts";
import type { Network } from "../lib/author/denoiser.ts";
import type { ObjectiveName } from "../lib/author/objectives/index.ts";
import type { PreconditioningName } from "../lib/theory/preconditioning.ts";
import { unet } from "./unet.ts";
import { type UnetConfig, type UnetOptions, unetConfig } from "./unet-config.ts";

export interface Preset {
  /** One line for the command line's table. */
  readonly summary: string;
  /** The data set, built in or a path, that is used when none is given. */
  readonly data: string;
  readonly unet: Omit<UnetOptions, "sample_size" | "in_channels" | "out_channels" | "num_class_embeds">;
  /** Whether the network is told the class, when the data have classes. */
  readonly conditional: boolean;
  readonly objective: ObjectiveName;
  readonly preconditioning: PreconditioningName;
  /** The smallest noise level, and how far neighbouring levels overlap (Song & Ermon 2020, technique 2). */
  readonly sigmaMin: number;
  readonly overlap: number;
  readonly stepsPerLevel: number;
  readonly batch: number;
  readonly steps: number;
  readonly emaDecay: number;
  readonly optimizer: OptimizerSettings;
}

const adam = (learningRate: number, totalSteps: number): OptimizerSettings => ({
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
  conditional: true,
  objective: "denoising",
  preconditioning: "edm",
  sigmaMin: 0.02,
  overlap: 0.5,
  stepsPerLevel: 5,
  batch: 16,
  emaDecay: 0.999,
} as const satisfies Partial<Preset>;

/** 0.7 M parameters, an eighth of a second a step on two CPU cores. */
const small = {
  unet: {
    block_out_channels: [16, 32, 64],
    down_block_types: ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
    up_block_types: ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
    layers_per_block: 1,
    norm_num_groups: 8,
    attention_head_dim: 32,
  },
  steps: 2300,
  optimizer: adam(4e-3, 2300),
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
  mnist: {
    ...ncsn,
    summary: "diffusers' MNIST network (32, 64, 64), 1.7 M parameters, for hours of training",
    data: "digits",
    unet: {
      block_out_channels: [32, 64, 64],
      down_block_types: ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
      up_block_types: ["AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
    },
    batch: 64,
    steps: 20000,
    optimizer: adam(5e-4, 20000),
  },
  cifar10: {
    ...ncsn,
    summary: "google/ddpm-cifar10-32's network, 35.7 M parameters, for a GPU",
    data: "shapes",
    unet: {
      block_out_channels: [128, 256, 256, 256],
      down_block_types: ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
      up_block_types: ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
      downsample_padding: 0,
      flip_sin_to_cos: false,
      freq_shift: 1,
      norm_eps: 1e-6,
      attention_head_dim: null,
    },
    conditional: false,
    batch: 128,
    steps: 300000,
    optimizer: adam(1e-4, 300000),
  },
  tiny: {
    ...ncsn,
    summary: "the smallest network that still runs every part; for tests, not for pictures",
    data: "digits",
    unet: {
      block_out_channels: [8, 8],
      down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
      up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
      layers_per_block: 1,
      norm_num_groups: 4,
      attention_head_dim: 8,
    },
    batch: 8,
    stepsPerLevel: 1,
    steps: 20,
    optimizer: adam(2e-3, 20),
  },
} satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

/** The preset's network for data of shape [C,H,W]; throws UserError when it cannot take that size. */
export function presetNetwork(
  preset: Preset,
  data: { readonly shape: readonly [number, number, number]; readonly classes: number },
): { config: UnetConfig; network: Network; classes: number } {
  const [channels, height, width] = data.shape;
  const classes = preset.conditional ? data.classes : 0;
  const config = unetConfig({
    ...preset.unet,
    sample_size: height === width ? height : [height, width],
    in_channels: channels,
    out_channels: channels,
    num_class_embeds: classes > 0 ? classes : null,
  });
  const network: Network = (p, { x, noise, label }) =>
    unet(config, p, { sample: x, timestep: noise, labels: label });
  return { config, network, classes };
}
