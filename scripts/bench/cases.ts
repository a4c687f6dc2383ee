// The networks that are measured, with fixed noise levels and no data set.
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import type { Authored } from "../../lib/author/author.ts";
import { mlpModel, unetModel } from "../../models/model.ts";
import type { Preset } from "../../models/preset.ts";
import { presets } from "../../models/presets.ts";
import { authorBare } from "../recipes/author-bare.ts";

interface Case {
  readonly summary: string;
  readonly model: Preset["model"];
  readonly shape: readonly number[];
  readonly batch: number;
}

/** 3.6 million parameters, without attention beside the middle's. */
const middling = unetModel({
  block_out_channels: [32, 64, 128],
  down_block_types: ["DownBlock2D", "DownBlock2D", "DownBlock2D"],
  up_block_types: ["UpBlock2D", "UpBlock2D", "UpBlock2D"],
  norm_num_groups: 8,
  attention_head_dim: 128,
});

const points = mlpModel({ hidden: [128, 128, 128], act_fn: "silu", frequencies: [1, 2, 4, 8] });

export const cases = {
  digits: { summary: "the digits preset", model: presets.digits.model, shape: [1, 28, 28], batch: 16 },
  "unet-16": { summary: "a U-Net of 32-64-128 channels", model: middling, shape: [3, 32, 32], batch: 16 },
  "unet-64": { summary: "the same, 64 images", model: middling, shape: [3, 32, 32], batch: 64 },
  "mnist-64": { summary: "the mnist preset", model: presets.mnist.model, shape: [1, 28, 28], batch: 64 },
  points: { summary: "the density preset", model: points, shape: [2], batch: 256 },
} satisfies Record<string, Case>;

export type CaseName = keyof typeof cases;

/** The case's graphs, its evaluation for as many images as a training step has. */
export function authorCase(name: CaseName, lowering?: LoweringName): Authored {
  const { model, shape, batch }: Case = cases[name];
  return authorBare({ name, model, shape, batch, sampling: batch, lowering });
}
