// A U-Net's configuration is refused before anything is built, with what would work.
import { expect, test } from "bun:test";
import { UserError } from "../../lib/errors.ts";
import { type UnetOptions, unetConfig } from "../../models/unet-config.ts";

const small: UnetOptions = {
  sample_size: 28,
  block_out_channels: [32, 64, 64],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
  up_block_types: ["AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
};

test("defaults are diffusers' own", () => {
  expect(unetConfig(small)).toMatchObject({
    layers_per_block: 2,
    norm_num_groups: 32,
    attention_head_dim: 8,
    flip_sin_to_cos: true,
    freq_shift: 0,
  });
});

const fourLevels = {
  block_out_channels: [32, 32, 32, 32],
  down_block_types: Array(4).fill("DownBlock2D"),
  up_block_types: Array(4).fill("UpBlock2D"),
};

const refused: [string, object, string][] = [
  [
    "28×28 with four levels",
    fourLevels,
    "sizes divisible by 8, got 28×28; use 24×24 or 32×32, or at most 3 level(s)",
  ],
  ["a height that does not fit", { sample_size: [30, 28] }, "use 28×28 or 32×28, or at most 2 level(s)"],
  [
    "groups that do not divide",
    { norm_num_groups: 24 },
    "norm_num_groups 24 must divide all block_out_channels, got 32",
  ],
  [
    "attention groups that do not divide",
    { attn_norm_num_groups: 24 },
    "attn_norm_num_groups 24 must divide",
  ],
  ["heads that do not divide", { attention_head_dim: 48 }, "attention_head_dim 48 must divide"],
  ["levels of different number", { block_out_channels: [32, 64] }, "one entry per level each, got 3, 3, 2"],
  ["an unknown block", { down_block_types: ["SkipDownBlock2D"] }, "down_block_types.0"],
];

for (const [what, change, message] of refused) {
  test(`refuses ${what}`, () => {
    const build = () => unetConfig({ ...small, ...change });
    expect(build).toThrow(UserError);
    expect(build).toThrow(message);
  });
}
