// A number that keeps what it multiplies from being computed before something else is.
import { cast, concat, less, max, not, reshape, slice } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The number 1, known once all of these are, whatever they hold: no number is less than itself, NaN neither. */
export function oneAfter(nodes: readonly Tensor[]): Tensor {
  const numbers = concat(nodes.map(firstNumber), 0);
  return max(cast(not(less(numbers, numbers)), "float32"));
}

const firstNumber = (x: Tensor): Tensor =>
  reshape(slice(x, ...[...x.shape.keys()].map((axis) => ({ axis, start: 0, end: 1 }))), [1]);
