// L_hybrid of Improved DDPM: noise prediction learns the mean, the variational bound the variance.
import { add, mul, stopGradient } from "../graph/ops.ts";
import { denoising } from "./denoising.ts";
import type { Objective } from "./objective.ts";
import { perturb } from "./perturb.ts";
import { boundTerms, learnedLogVariance } from "./vlb.ts";

/**
 * (L_simple + lambda L_vlb) / 2, with L_simple by the noise level's weight and twice `denoising`, and L_vlb in nats per dimension, in which
 * the mean is a constant, so that the bound moves the variances alone (Nichol & Dhariwal 2021, Eq. 16; in code T/1000 bits, 1.44 times
 * as much).
 */
export const hybrid = (lambda: number): Objective => ({
  ...denoising,
  summary: "noise prediction for the mean, DDPM's bound for learned variances",
  source: "Nichol & Dhariwal 2021",
  needs: "variance",
  weighs: true,
  loss(score, inputs) {
    const { x, sigma, weight, draws, reverse } = inputs;
    const noisy = perturb(x, sigma, draws.z!);
    const denoised = stopGradient(reverse.denoised(noisy));
    const bound = boundTerms({ reverse, x, denoised, logVariance: learnedLogVariance(reverse, noisy) });
    return add(mul(weight, denoising.loss(score, inputs)), mul(bound, lambda / 2));
  },
});
