// The configuration of a U-Net: diffusers' config.json for UNet2DModel, checked before anything is built.
import { z } from "zod";
import { UserError } from "../lib/errors.ts";

const downBlocks = ["DownBlock2D", "AttnDownBlock2D"] as const;
const upBlocks = ["UpBlock2D", "AttnUpBlock2D"] as const;
const activationNames = ["silu", "swish", "mish", "gelu", "relu"] as const;
const size = z.int().positive();

const schema = z.object({
  _class_name: z.literal("UNet2DModel").default("UNet2DModel"),
  sample_size: z.union([size, z.tuple([size, size])]),
  in_channels: size.default(3),
  out_channels: size.default(3),
  center_input_sample: z.boolean().default(false),
  time_embedding_type: z.enum(["positional", "fourier"]).default("positional"),
  time_embedding_dim: size.nullable().default(null),
  freq_shift: z.number().default(0),
  flip_sin_to_cos: z.boolean().default(true),
  down_block_types: z.array(z.enum(downBlocks)).min(1),
  mid_block_type: z.literal("UNetMidBlock2D").nullable().default("UNetMidBlock2D"),
  up_block_types: z.array(z.enum(upBlocks)).min(1),
  block_out_channels: z.array(size).min(1),
  layers_per_block: size.default(2),
  mid_block_scale_factor: z.number().positive().default(1),
  downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
  downsample_type: z.literal("conv").default("conv"),
  upsample_type: z.literal("conv").default("conv"),
  // There is no dropout here; it acts in training only, so a network that was trained with it samples the same with 0.
  dropout: z.literal(0).default(0),
  act_fn: z.enum(activationNames).default("silu"),
  attention_head_dim: size.nullable().default(8),
  norm_num_groups: size.default(32),
  attn_norm_num_groups: size.nullable().default(null),
  norm_eps: z.number().positive().default(1e-5),
  resnet_time_scale_shift: z.enum(["default", "scale_shift"]).default("default"),
  add_attention: z.boolean().default(true),
  class_embed_type: z.null().default(null),
  num_class_embeds: size.nullable().default(null),
});

export type UnetConfig = z.infer<typeof schema>;
export type UnetOptions = z.input<typeof schema>;

/**
 * A complete configuration with diffusers' defaults filled in.
 * Throws a UserError that says which setting cannot work, and which would, before anything is built.
 */
export function unetConfig(options: unknown): UnetConfig {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`unet config: ${issue!.path.join(".")}: ${issue!.message}`);
  }
  for (const check of [checkLevels, checkSize, checkGroups, checkHeads]) check(parsed.data);
  return parsed.data;
}

/** Height and width of the images. */
function sampleSize({ sample_size }: UnetConfig): readonly [number, number] {
  return typeof sample_size === "number" ? [sample_size, sample_size] : sample_size;
}

function checkLevels({ down_block_types, up_block_types, block_out_channels }: UnetConfig): void {
  const counts = [down_block_types, up_block_types, block_out_channels].map((list) => list.length);
  if (new Set(counts).size > 1)
    throw new UserError(
      `unet config: down_block_types, up_block_types and block_out_channels need one entry per level each, got ${counts.join(", ")}`,
    );
}

/** Every level but the last halves the image, and every skip connection needs the halves to fit exactly. */
function checkSize(config: UnetConfig): void {
  const levels = config.block_out_channels.length;
  const factor = 2 ** (levels - 1);
  const sizes = sampleSize(config);
  if (sizes.every((n) => n % factor === 0)) return;
  const nearest = sizes.map((n) => [Math.floor(n / factor) * factor, Math.ceil(n / factor) * factor]);
  const works = [0, 1]
    .map((i) => nearest.map((pair) => pair[i]).join("×"))
    .filter((text) => !/\b0\b/.test(text));
  const deepest = Math.min(...sizes.map((n) => Math.log2(n & -n))) + 1;
  throw new UserError(
    `unet config: ${levels} levels need sizes divisible by ${factor}, got ${sizes.join("×")}; use ${works.join(" or ")}, or at most ${deepest} level(s)`,
  );
}

function checkGroups({ norm_num_groups, attn_norm_num_groups, block_out_channels }: UnetConfig): void {
  const odd = block_out_channels.find((channels) => channels % norm_num_groups !== 0);
  if (odd !== undefined)
    throw new UserError(
      `unet config: norm_num_groups ${norm_num_groups} must divide all block_out_channels, got ${odd}; use a common divisor such as ${block_out_channels.reduce(greatestCommonDivisor)}`,
    );
  const middle = block_out_channels.at(-1)!;
  if (middle % (attn_norm_num_groups ?? 1) !== 0)
    throw new UserError(
      `unet config: attn_norm_num_groups ${attn_norm_num_groups} must divide the last of block_out_channels, got ${middle}`,
    );
}

function checkHeads(config: UnetConfig): void {
  const { attention_head_dim } = config;
  const odd = attendedChannels(config).find((channels) => channels % (attention_head_dim ?? channels) !== 0);
  if (odd !== undefined)
    throw new UserError(
      `unet config: attention_head_dim ${attention_head_dim} must divide the channels of every block with attention, got ${odd}`,
    );
}

function attendedChannels(config: UnetConfig): number[] {
  const { block_out_channels: channels, down_block_types: down, up_block_types: up } = config;
  return [
    ...channels.filter((_, level) => down[level] === "AttnDownBlock2D"),
    ...channels.toReversed().filter((_, level) => up[level] === "AttnUpBlock2D"),
    ...(config.mid_block_type !== null && config.add_attention ? [channels.at(-1)!] : []),
  ];
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
