// Embeddings of a noise level or time step as sines and cosines.
import { constant } from "../graph/constant.ts";
import { concat, cos, log, mul, pad, reshape, sin } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Parameters } from "./parameters.ts";

export interface PositionalOptions {
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
}

/**
 * t [N] -> [N, dim]: sines and cosines of t at dim/2 frequencies from 1 down to 1/10000, which freqShift 1 reaches and 0
 * just misses (Vaswani et al. 2017); an odd dim ends with a 0, as in diffusers.
 */
export function positionalEmbedding(t: Tensor, dim: number, options: PositionalOptions): Tensor {
  const half = Math.floor(dim / 2);
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(10000) * i) / (half - options.freqShift)),
  );
  const angles = mul(reshape(t, [-1, 1]), constant(frequencies, [1, half]));
  return pad(sinesAndCosines(angles, options.flipSinToCos), [0, 0, 0, dim % 2]);
}

/** sigma [N] -> [N, 2·dim]: sines and cosines of ln(sigma) at fixed random frequencies (Song et al. 2021, NCSN++). */
export function fourierEmbedding(p: Parameters, sigma: Tensor, dim: number, scale = 16): Tensor {
  const frequencies = p.frozen("weight", [dim], { kind: "normal", std: scale });
  const angles = mul(mul(reshape(log(sigma), [-1, 1]), frequencies), 2 * Math.PI);
  return sinesAndCosines(angles, false);
}

const sinesAndCosines = (angles: Tensor, cosFirst: boolean) =>
  concat(cosFirst ? [cos(angles), sin(angles)] : [sin(angles), cos(angles)], 1);
