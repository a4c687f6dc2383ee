// Quadratic forms of a score's Jacobian J, whose average over random directions v is its trace.
import { vjp } from "../autodiff/gradient.ts";
import { mul } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { meanOverSample } from "./perturb.ts";

/** vᵀ·J·v of each sample, per dimension, with J the Jacobian of s in x: [B]. */
export const quadraticForm = (s: Tensor, x: Tensor, v: Tensor): Tensor =>
  meanOverSample(mul(v, vjp(s, x, v)));
