// From a raw network to a denoiser and a score, by coefficients that the host computes for every noise level.
import { add, div, mul, perSample, square, sub } from "./graph/ops.ts";
import type { Tensor } from "./graph/tensor.ts";
import type { Parameters } from "./nn/parameters.ts";
import type { Score } from "./objectives/objective.ts";

/** A raw network F: images and a number per image that stands for the noise level -> images. */
export type Network = (
  p: Parameters,
  inputs: { readonly x: Tensor; readonly noise: Tensor; readonly label?: Tensor | undefined },
) => Tensor;

/** The preconditioning of each sample, [B] each (Karras et al. 2022, Eq. 7). */
export interface Conditioning {
  readonly sigma: Tensor;
  readonly c_skip: Tensor;
  readonly c_out: Tensor;
  readonly c_in: Tensor;
  readonly c_noise: Tensor;
}

/** D(x; sigma) = c_skip·x + c_out·F(c_in·x; c_noise). */
export function denoise(
  network: Network,
  p: Parameters,
  x: Tensor,
  at: Conditioning,
  label?: Tensor,
): Tensor {
  const raw = network(p, { x: mul(perSample(at.c_in, x), x), noise: at.c_noise, label });
  return add(mul(perSample(at.c_skip, x), x), mul(perSample(at.c_out, x), raw));
}

/** The score of a denoiser, (D(x; sigma) - x)/sigma² (Tweedie's formula). */
export const scoreOf =
  (denoiser: (x: Tensor) => Tensor): Score =>
  (x, sigma) =>
    div(sub(denoiser(x), x), perSample(square(sigma), x));
