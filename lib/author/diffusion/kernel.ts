// What a diffusion kernel is: the forward chain q, the reverse chain p that a network parameterises, and the bound between them.
import type { Tensor } from "../graph/tensor.ts";
import type { Parameters } from "../nn/parameters.ts";

/** A chain at some of its times; samples are [B,...], all that the chain answers has their shape. */
export interface Chain {
  /** The time of each sample, 1..T, int32 [B]. */
  readonly t: Tensor;
  readonly p: Parameters;
  /** What the network says of x_t: [B,...], for a Gaussian kernel with twice the channels. */
  predict(xt: Tensor): Tensor;
}

export interface DiffusionKernel {
  /** The law of the noise from which x_t and x_(t-1) are made. */
  readonly noise: "normal" | "uniform";
  /**
   * An estimate of -K in bits per dimension, [B] (Sohl-Dickstein et al. 2015, Eq. 14), unbiased for t that is drawn evenly from 2..T. The noise
   * is an input and stays as it is ("frozen") where the gradient asks how x_t depends on the betas.
   */
  loss(chain: Chain, x0: Tensor, noise: Tensor): Tensor;
  /** A draw x_next of p(x_(t-1) | x_t), and the numbers that this law has by name. */
  step(chain: Chain, xt: Tensor, noise: Tensor): Readonly<Record<"x_next" | string, Tensor>>;
}
