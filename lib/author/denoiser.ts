// From a raw network to a denoiser and a score, by coefficients that the host computes for every noise level.
import { add, mul, perSample, split } from "./graph/ops.ts";
import type { Tensor } from "./graph/tensor.ts";
import type { Parameters } from "./nn/parameters.ts";

export interface NetworkInputs {
  readonly x: Tensor;
  /** A number per sample that stands for the noise level, [B]. */
  readonly noise: Tensor;
  readonly label?: Tensor | undefined;
}

/**
 * A raw network F: samples and their noise levels -> tensors in the shape of the samples. One that learns the variance of
 * reverse steps answers twice as many channels, of which the second half are its raw variances.
 */
export type Network = (p: Parameters, inputs: NetworkInputs) => Tensor;

/** What the host feeds for every sample's noise level, [B] each (lib/theory/preconditioning.ts, lib/theory/weighting.ts). */
export const levelInputs = [
  "sigma",
  "weight",
  "c_skip",
  "c_out",
  "s_skip",
  "s_out",
  "c_in",
  "c_noise",
] as const;
export type Level = Readonly<Record<(typeof levelInputs)[number], Tensor>>;

/** What the host feeds for every sample's time in a chain of steps, [B] each (lib/theory/reverse-step.ts). */
export const reverseInputs = ["terms", "c_x0", "log_beta", "log_posterior", "decodes"] as const;
export type ReverseLevel = Readonly<Record<(typeof reverseInputs)[number], Tensor>>;

/** A network at a noise level; as functions of the samples, each with their shape. */
export interface Denoiser {
  /** D(x; sigma) = c_skip·x + c_out·F(c_in·x; c_noise) (Karras et al. 2022, Eq. 7). */
  denoised(x: Tensor): Tensor;
  /** (D(x; sigma) - x)/sigma², Tweedie's formula, as s_skip·x + s_out·F. */
  score(x: Tensor): Tensor;
  /**
   * v, how far log variances of reverse steps lie on the way from log beta~ to log beta, which the raw variances -1 and 1 stand for
   * (Nichol & Dhariwal 2021, Eq. 15, in code); undefined for a network that says nothing of it.
   */
  fraction(x: Tensor): Tensor | undefined;
}

export function denoiser(network: Network, p: Parameters, at: Level, label?: Tensor): Denoiser {
  const raw = (x: Tensor): readonly Tensor[] => {
    const answer = network(p, { x: mul(perSample(at.c_in, x), x), noise: at.c_noise, label });
    const channels = x.shape[1]!;
    return answer.shape[1] === channels ? [answer] : split(answer, [channels, channels], 1);
  };
  const combine = (x: Tensor, skip: Tensor, out: Tensor) =>
    add(mul(perSample(skip, x), x), mul(perSample(out, x), raw(x)[0]!));
  return {
    denoised: (x) => combine(x, at.c_skip, at.c_out),
    score: (x) => combine(x, at.s_skip, at.s_out),
    fraction: (x) => {
      const variance = raw(x)[1];
      return variance && mul(add(variance, 1), 0.5);
    },
  };
}
