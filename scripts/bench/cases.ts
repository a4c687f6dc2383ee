// The networks that are measured, with fixed noise levels and no data set.
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import type { Authored } from "../../lib/author/author.ts";
import { openSchedule } from "../../lib/theory/schedules/index.ts";
import { rangeOf, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import { mlpModel, unetModel } from "../../models/model.ts";
import { pointNetwork, presets } from "../../models/presets.ts";
import { authorBare, type Bare } from "../recipes/author-bare.ts";

export type WorkName = "start-up" | "step" | "evaluation" | "sampling" | "memory" | "sample.ts";

export interface Case extends Pick<Bare, "model" | "shape" | "batch" | "noise"> {
  readonly summary: string;
  /** What is measured of it. */
  readonly works: readonly WorkName[];
  /**
   * How often it is solved in a row in each round, once unless given: for work that is over before a clock says much, and as training goes, where
   * a step finds the memory of the last one at hand.
   */
  readonly repeats?: number;
}

/** 32-64-128 channels, 3.6 million parameters, without attention beside the middle's. */
export const middling = (width: number) =>
  unetModel({
    block_out_channels: [width, 2 * width, 4 * width],
    down_block_types: ["DownBlock2D", "DownBlock2D", "DownBlock2D"],
    up_block_types: ["UpBlock2D", "UpBlock2D", "UpBlock2D"],
    norm_num_groups: 8,
    attention_head_dim: 4 * width,
  });

const chain = openSchedule({ name: "ddpm" });

/** DDPM's thousand steps and noise prediction, on which diffusers trains and samples. */
const ddpm: Bare["noise"] = {
  preconditioning: "eps",
  weighting: "sigma-squared",
  schedule: { name: "ddpm" },
  training: { kind: "schedule" },
  sigmas: sigmaGrids.native({ steps: 1000, schedule: chain, ...rangeOf(chain) }),
  sigmaData: 0.5,
};

const trained = ["step", "evaluation", "memory"] as const;

export const cases = {
  digits: {
    summary: "the digits preset",
    model: presets.digits.model,
    shape: [1, 28, 28],
    batch: 16,
    works: ["start-up", ...trained],
    repeats: 5,
  },
  "digits-ddpm": {
    summary: "its network on DDPM's chain, as diffusers trains and samples",
    model: presets.digits.model,
    shape: [1, 28, 28],
    batch: 64,
    noise: ddpm,
    works: [...trained, "sampling"],
  },
  "mnist-ddpm": {
    summary: "the mnist preset's network on the same chain",
    model: presets.mnist.model,
    shape: [1, 28, 28],
    batch: 64,
    noise: ddpm,
    works: [...trained, "sampling"],
  },
  "unet-16": {
    summary: "a U-Net of 32-64-128 channels",
    model: middling(32),
    shape: [3, 32, 32],
    batch: 16,
    works: trained,
    repeats: 3,
  },
  "unet-64": {
    summary: "the same, 64 images",
    model: middling(32),
    shape: [3, 32, 32],
    batch: 64,
    works: trained,
    repeats: 2,
  },
  points: {
    summary: "the density preset",
    model: mlpModel(pointNetwork([128, 128, 128])),
    shape: [2],
    batch: 256,
    works: ["start-up", ...trained],
    repeats: 20,
  },
  tiny: {
    summary: "the tiny preset's network: a whole process that draws it",
    model: presets.tiny.model,
    shape: [1, 28, 28],
    batch: 10,
    noise: ddpm,
    works: ["sample.ts"],
  },
} satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

/** The case's graphs, its evaluation for as many images as a training step has. */
export const authorCase = ({ model, shape, batch, noise }: Case, lowering?: LoweringName): Authored =>
  authorBare({ name: "bench", model, shape, batch, sampling: batch, noise, lowering });
