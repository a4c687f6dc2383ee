// What the objectives share: the perturbed data, and an average over the dimensions of each sample.
import { add, mean, mul, perSample, type ReduceOptions } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

/** x̃ = x + sigma·z, with sigma [B] per sample. */
export const perturb = (x: Tensor, sigma: Tensor, z: Tensor): Tensor => add(x, mul(perSample(sigma, x), z));

const ofSample = (x: Tensor): ReduceOptions => ({ axes: [...x.shape.keys()].slice(1) });

/** [B,...] -> [B]. */
export const meanOverSample = (x: Tensor): Tensor => mean(x, ofSample(x));
