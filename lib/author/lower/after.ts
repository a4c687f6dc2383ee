// Numbers that keep what they are part of from being computed before something else is.
import { cast, concat, less, max, reshape, slice, sub } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

/** Zeros, known once these numbers are, whatever they hold: no number is less than itself, NaN neither. */
export const zerosAfter = (numbers: Tensor): Tensor => cast(less(numbers, numbers), "float32");

/** The number 1, known once all of these are. */
export const oneAfter = (nodes: readonly Tensor[]): Tensor =>
  sub(1, max(zerosAfter(concat(nodes.map(firstNumber), 0))));

const firstNumber = (x: Tensor): Tensor =>
  reshape(slice(x, ...[...x.shape.keys()].map((axis) => ({ axis, start: 0, end: 1 }))), [1]);
