// The norm of a flat gradient, and clipping by it.
import { div, maximum, mul, sqrt, square, sum } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

export const norm = (gradient: Tensor): Tensor => sqrt(sum(square(gradient)));

/** The gradient scaled down so that its norm is at most `limit`, if any (Pascanu et al. 2013). */
export function clipByNorm(gradient: Tensor, gradientNorm: Tensor, limit: number | null): Tensor {
  // The maximum keeps a zero gradient zero.
  return limit === null ? gradient : mul(gradient, div(limit, maximum(gradientNorm, limit)));
}
