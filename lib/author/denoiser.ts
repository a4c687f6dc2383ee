// From a raw network to a denoiser and a score, by coefficients that the host computes for every noise level.
import { add, div, mul, reshape, square, sub } from "./graph/ops.ts";
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
  const perImage = (values: Tensor) => reshape(values, [-1, ...x.shape.slice(1).map(() => 1)]);
  const raw = network(p, { x: mul(perImage(at.c_in), x), noise: at.c_noise, label });
  return add(mul(perImage(at.c_skip), x), mul(perImage(at.c_out), raw));
}

/** The score of a denoiser, (D(x; sigma) - x)/sigma² (Tweedie's formula). */
export const scoreOf =
  (denoiser: (x: Tensor) => Tensor): Score =>
  (x, sigma) =>
    div(sub(denoiser(x), x), reshape(square(sigma), [-1, ...x.shape.slice(1).map(() => 1)]));
