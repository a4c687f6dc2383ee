// Multilayer perceptrons for points: a score network, and an energy of the same build.
import { z } from "zod";
import type { Network, NetworkInputs } from "../lib/author/denoiser.ts";
import type { EnergyNetwork } from "../lib/author/energy.ts";
import { constant } from "../lib/author/graph/constant.ts";
import { add, concat, cos, mul, reshape, sin } from "../lib/author/graph/ops.ts";
import type { Tensor } from "../lib/author/graph/tensor.ts";
import { activations } from "../lib/author/nn/activations.ts";
import { linear } from "../lib/author/nn/layers.ts";
import type { Parameters } from "../lib/author/nn/parameters.ts";

const size = z.int().positive();

const schema = z.strictObject({
  /** The data's number of dimensions. */
  in_features: size,
  /** Widths of the hidden layers. */
  hidden: z.array(size).min(1),
  act_fn: z.enum(["silu", "softplus", "tanh"]),
  /** Each coordinate is seen as waves of these frequencies too, without which fine structure is learned late (Tancik et al. 2020). */
  frequencies: z.array(z.number().positive()),
  /** Whether the network is told the noise level; one that knows a single level need not be. */
  noise_conditional: z.boolean(),
  /** What c_noise is multiplied by, unless it is ln(sigma)/4, which spans some units: less for times that count to a thousand. */
  noise_scale: z.number().positive().optional(),
  /** Whether the network answers as many raw variances as features besides. */
  learned_variance: z.boolean().optional(),
});

export type MlpConfig = z.infer<typeof schema>;
export type MlpOptions = Pick<MlpConfig, "hidden" | "act_fn" | "frequencies" | "noise_scale">;

/** x [B,D] -> [B,D], or [B,2D] with the raw variances. */
export const mlp =
  (config: MlpConfig): Network =>
  (p, inputs) =>
    linear(
      p.within("out"),
      hiddenLayers(config, p, inputs),
      config.in_features * (config.learned_variance ? 2 : 1),
    );

/** x [B,D] -> [B], an energy. */
export const energyMlp =
  (config: MlpConfig): EnergyNetwork =>
  (p, inputs) =>
    reshape(linear(p.within("out"), hiddenLayers(config, p, inputs), 1), [-1]);

// Every layer after the first adds to what it got, so that depth does no harm.
function hiddenLayers(config: MlpConfig, p: Parameters, { x, noise }: NetworkInputs): Tensor {
  const act = activations[config.act_fn];
  const seen = concat(
    [x, ...waves(x, config.frequencies), ...(config.noise_conditional ? noiseFeatures(config, noise) : [])],
    1,
  );
  return config.hidden.reduce((h, width, i) => {
    const out = act(linear(p.within("hidden").within(i), h, width));
    return i > 0 && h.shape[1] === width ? add(h, out) : out;
  }, seen);
}

/** sin(w·x) and cos(w·x) of x [B,D] for each of W frequencies w in turn, together [B,W·2·D]; nothing without frequencies. */
function waves(x: Tensor, frequencies: readonly number[]): Tensor[] {
  if (frequencies.length === 0) return [];
  const [batch, size] = x.shape as [number, number];
  const each = frequencies.flatMap((w) => new Array<number>(size).fill(w));
  const copies = frequencies.map(() => reshape(x, [batch, 1, size]));
  const angles = mul(concat(copies, 1), constant(Float32Array.from(each), [frequencies.length, size]));
  return [reshape(concat([sin(angles), cos(angles)], 2), [batch, -1])];
}

/** c_noise [B] as itself and as waves; where it is ln(sigma)/4, of half, one, two and four radians for each factor e of sigma. */
function noiseFeatures({ noise_scale }: MlpConfig, noise: Tensor): Tensor[] {
  const column = reshape(noise_scale === undefined ? noise : mul(noise, noise_scale), [-1, 1]);
  const angles = mul(column, constant(Float32Array.of(2, 4, 8, 16), [1, 4]));
  return [column, sin(angles), cos(angles)];
}
