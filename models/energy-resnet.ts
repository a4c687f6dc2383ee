// A residual network as an energy of images, small enough for a CPU (after Du & Mordatch 2019, appendix A.2).
import { z } from "zod";
import type { EnergyNetwork } from "../lib/author/energy.ts";
import { add, reshape, sum } from "../lib/author/graph/ops.ts";
import type { Tensor } from "../lib/author/graph/tensor.ts";
import { leakyRelu } from "../lib/author/nn/activations.ts";
import { convLayer, linear } from "../lib/author/nn/layers.ts";
import type { Parameters } from "../lib/author/nn/parameters.ts";
import { avgPool } from "../lib/author/nn/pooling.ts";
import { UserError } from "../lib/errors.ts";

const size = z.int().positive();

const schema = z.strictObject({
  in_channels: size,
  sample_size: z.tuple([size, size]),
  /** Channels at half the height and width, then after each residual block; blocks but the first halve both before they begin. */
  block_out_channels: z.array(size).min(2),
});

export type EnergyResnetConfig = z.infer<typeof schema>;

/** A checked configuration; throws UserError for settings that cannot work, and says which would. */
export function energyResnetConfig(options: unknown): EnergyResnetConfig {
  const parsed = schema.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError(`energy-resnet config: ${issue!.path.join(".")}: ${issue!.message}`);
  }
  const { sample_size, block_out_channels } = parsed.data;
  const divisor = 2 ** (block_out_channels.length - 1);
  if (sample_size.some((length) => length % divisor !== 0))
    throw new UserError(
      `energy-resnet config: ${block_out_channels.length} sets of channels expect sizes divisible by ${divisor}, ` +
        `got ${sample_size.join("×")}; use --image-size with a multiple of ${divisor}`,
    );
  return parsed.data;
}

const act = (x: Tensor) => leakyRelu(x, 0.2);
const conv3 = (p: Parameters, x: Tensor, channels: number) => convLayer(p, x, channels, 3, { padding: 1 });

/**
 * x [B,C,H,W] -> [B]: a convolution of stride 2, residual blocks with halvings by averages between them, a sum over positions
 * and a linear layer. Without normalisation, which would hide an image's contrast from the energy, and without the spectral
 * norms of the paper: their power iteration is a state besides the weights. Here the loss's E², and bounds on the gradient's
 * norm and on the chains' moves, hold the energy in check.
 */
export const energyResnet =
  ({ block_out_channels: [first, ...blocks] }: EnergyResnetConfig): EnergyNetwork =>
  (p, { x }) => {
    const stem = convLayer(p.within("conv_in"), x, first!, 4, { stride: 2, padding: 1 });
    const features = blocks.reduce((h, channels, i) => {
      const scaled = i > 0 ? avgPool(h, { kernel: 2 }) : h;
      return residual(p.within("blocks").within(i), scaled, channels);
    }, stem);
    return reshape(linear(p.within("out"), sum(act(features), { axes: [2, 3] }), 1), [-1]);
  };

/** x + f(x), with a linear map of x where the number of channels changes. */
function residual(p: Parameters, x: Tensor, channels: number): Tensor {
  const inner = conv3(p.within("conv1"), act(x), channels);
  const skip = x.shape[1] === channels ? x : convLayer(p.within("skip"), x, channels, 1, { bias: false });
  return add(conv3(p.within("conv2"), act(inner), channels), skip);
}
