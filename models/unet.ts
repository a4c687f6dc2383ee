// The U-Net of diffusers' UNet2DModel: same semantics, same tensor names, so weights travel in both directions.
import { add, concat, div, mul, reshape, split, sub, upsampleNearest } from "../lib/author/graph/ops.ts";
import type { Tensor } from "../lib/author/graph/tensor.ts";
import { activations } from "../lib/author/nn/activations.ts";
import { spatialAttention } from "../lib/author/nn/attention.ts";
import { convLayer, embedding, groupNormLayer, linear } from "../lib/author/nn/layers.ts";
import type { Parameters } from "../lib/author/nn/parameters.ts";
import { fourierEmbedding, positionalEmbedding } from "../lib/author/nn/time-embedding.ts";
import type { UnetConfig } from "./unet-config.ts";

export interface UnetInputs {
  /** Images [N,C,H,W]. */
  readonly sample: Tensor;
  /** Time step, or what stands for it, per image [N]; with Fourier embedding a positive noise level. */
  readonly timestep: Tensor;
  /** Class per image [N], whole numbers; needed when num_class_embeds is set. */
  readonly labels?: Tensor | undefined;
}

/** The network's output [N,out_channels,H,W]. */
export function unet(config: UnetConfig, p: Parameters, inputs: UnetInputs): Tensor {
  const { sample, timestep, labels } = inputs;
  const temb = timeEmbedding(config, p, timestep, labels);
  const centered = config.center_input_sample ? sub(mul(sample, 2), 1) : sample;
  const first = convLayer(p.within("conv_in"), centered, config.block_out_channels[0]!, 3, { padding: 1 });
  const down = downPath(config, p.within("down_blocks"), first, temb);
  const middle =
    config.mid_block_type === null ? down.h : midBlock(config, p.within("mid_block"), down.h, temb);
  const up = upPath(config, p.within("up_blocks"), middle, temb, down.skips);
  const normed = groupNormLayer(p.within("conv_norm_out"), up, config.norm_num_groups, config.norm_eps);
  const out = convLayer(p.within("conv_out"), activations.silu(normed), config.out_channels, 3, {
    padding: 1,
  });
  return config.time_embedding_type === "fourier" ? div(out, reshape(timestep, [-1, 1, 1, 1])) : out;
}

function timeEmbedding(config: UnetConfig, p: Parameters, timestep: Tensor, labels?: Tensor): Tensor {
  const width = config.block_out_channels[0]!;
  const dim = config.time_embedding_dim ?? 4 * width;
  const { flip_sin_to_cos: flipSinToCos, freq_shift: freqShift } = config;
  const wave =
    config.time_embedding_type === "fourier"
      ? fourierEmbedding(p.within("time_proj"), timestep, width)
      : positionalEmbedding(timestep, width, { flipSinToCos, freqShift });
  const mlp = p.within("time_embedding");
  const temb = linear(
    mlp.within("linear_2"),
    activations.silu(linear(mlp.within("linear_1"), wave, dim)),
    dim,
  );
  if (config.num_class_embeds === null) return temb;
  if (!labels) throw new Error("unet: num_class_embeds is set, so labels [N] are needed, got none");
  return add(temb, embedding(p.within("class_embedding"), labels, config.num_class_embeds, dim));
}

function downPath(config: UnetConfig, p: Parameters, first: Tensor, temb: Tensor) {
  const skips = [first];
  let h = first;
  for (const [level, channels] of config.block_out_channels.entries()) {
    const block = p.within(level);
    for (let layer = 0; layer < config.layers_per_block; layer++) {
      h = resnet(config, block.within("resnets").within(layer), h, temb, channels);
      if (config.down_block_types[level] === "AttnDownBlock2D")
        h = attention(config, block.within("attentions").within(layer), h);
      skips.push(h);
    }
    if (level === config.block_out_channels.length - 1) continue;
    h = downsample(config, block.within("downsamplers").within(0).within("conv"), h);
    skips.push(h);
  }
  return { h, skips };
}

function midBlock(config: UnetConfig, p: Parameters, h: Tensor, temb: Tensor): Tensor {
  const channels = config.block_out_channels.at(-1)!;
  const scale = config.mid_block_scale_factor;
  const resnets = p.within("resnets");
  const before = resnet(config, resnets.within(0), h, temb, channels, scale);
  // diffusers leaves the norm out here when the time embedding scales and shifts, unless its groups are given.
  const groups =
    config.attn_norm_num_groups ??
    (config.resnet_time_scale_shift === "default" ? config.norm_num_groups : null);
  const mixed = config.add_attention
    ? attention(config, p.within("attentions").within(0), before, groups, scale)
    : before;
  return resnet(config, resnets.within(1), mixed, temb, channels, scale);
}

function upPath(
  config: UnetConfig,
  p: Parameters,
  middle: Tensor,
  temb: Tensor,
  skips: readonly Tensor[],
): Tensor {
  const stack = [...skips];
  let h = middle;
  for (const [level, channels] of config.block_out_channels.toReversed().entries()) {
    const block = p.within(level);
    for (let layer = 0; layer <= config.layers_per_block; layer++) {
      const joined = concat([h, stack.pop()!], 1);
      h = resnet(config, block.within("resnets").within(layer), joined, temb, channels);
      if (config.up_block_types[level] === "AttnUpBlock2D")
        h = attention(config, block.within("attentions").within(layer), h);
    }
    if (level === config.block_out_channels.length - 1) continue;
    const conv = block.within("upsamplers").within(0).within("conv");
    h = convLayer(conv, upsampleNearest(h, 2), channels, 3, { padding: 1 });
  }
  return h;
}

/** Two convolutions with the time embedding between them, and a shortcut (He et al. 2016, as in DDPM). */
function resnet(
  config: UnetConfig,
  p: Parameters,
  x: Tensor,
  temb: Tensor,
  channels: number,
  scale = 1,
): Tensor {
  const act = activations[config.act_fn];
  const norm = (name: string, h: Tensor) =>
    groupNormLayer(p.within(name), h, config.norm_num_groups, config.norm_eps);
  const first = convLayer(p.within("conv1"), act(norm("norm1", x)), channels, 3, { padding: 1 });
  const modulated = modulate(config, p.within("time_emb_proj"), first, act(temb), (h) => norm("norm2", h));
  const second = convLayer(p.within("conv2"), act(modulated), channels, 3, { padding: 1 });
  const shortcut = x.shape[1] === channels ? x : convLayer(p.within("conv_shortcut"), x, channels, 1);
  return mul(add(second, shortcut), 1 / scale);
}

/** Brings the time embedding into h: added before the norm, or as a scale and a shift after it. */
function modulate(
  config: UnetConfig,
  p: Parameters,
  h: Tensor,
  temb: Tensor,
  norm: (h: Tensor) => Tensor,
): Tensor {
  const channels = h.shape[1]!;
  const perChannel = (x: Tensor) => reshape(x, [-1, channels, 1, 1]);
  if (config.resnet_time_scale_shift === "default")
    return norm(add(h, perChannel(linear(p, temb, channels))));
  const [scale, shift] = split(linear(p, temb, 2 * channels), [channels, channels], 1);
  return add(mul(norm(h), add(perChannel(scale!), 1)), perChannel(shift!));
}

function attention(
  config: UnetConfig,
  p: Parameters,
  h: Tensor,
  groups: number | null = config.norm_num_groups,
  rescale = 1,
): Tensor {
  const headDim = config.attention_head_dim ?? h.shape[1]!;
  return spatialAttention(p, h, { headDim, groups, eps: config.norm_eps, rescale });
}

/** Halves height and width; padding 0 is TensorFlow's "same", which pads the right and the bottom only. */
function downsample(config: UnetConfig, p: Parameters, h: Tensor): Tensor {
  const padding = config.downsample_padding === 0 ? [0, 0, 1, 1] : 1;
  return convLayer(p, h, h.shape[1]!, 3, { stride: 2, padding });
}
