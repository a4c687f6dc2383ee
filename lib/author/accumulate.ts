// Gradient accumulation: a graph that adds the gradient of a micro-batch to that of the ones before it.
import { input } from "./graph/constant.ts";
import { add, less, mul, where } from "./graph/ops.ts";
import type { Tensor } from "./graph/tensor.ts";
import { type Outputs, type Rework, trainingOutputs } from "./graphs.ts";
import type { Layout } from "./layout.ts";
import type { ParameterSpec } from "./nn/parameters.ts";

/**
 * The share of one of `parts` micro-batches in the mean loss of their batch, and its gradient added to the flat vector `gradient`, or in
 * place of it where `begins` is 1. The vector is chosen, not multiplied by 0, which would keep what is not finite.
 */
export function accumulateOutputs(
  losses: Tensor,
  parts: number,
  specs: readonly ParameterSpec[],
  layout: Layout,
  rework: Rework,
): Outputs {
  const share = trainingOutputs(mul(losses, 1 / parts), specs, layout, rework);
  const part = share.gradient.tensor;
  const begins = less(0, input("begins", []));
  const sum = where(begins, part, add(input("gradient", part.shape), part));
  return { loss: share.loss, gradient_next: { tensor: sum, role: "gradient" } };
}
