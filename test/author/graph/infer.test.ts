// Mistakes in an expression are found when its line runs, and say who expected what and what came.
import { describe, expect, test } from "bun:test";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import {
  add,
  and,
  concat,
  conv,
  convTranspose,
  exp,
  expand,
  gather,
  less,
  matmul,
  pad,
  reshape,
  slice,
  softmax,
  split,
  sum,
  transpose,
  upsampleNearest,
  where,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";

const x = input("x", [2, 3]);
const image = input("image", [8, 32, 28, 28]);
const whole = input("i", [4], "int32");

const mistakes: Record<string, [expression: () => Tensor | Tensor[], message: string]> = {
  input: [() => input("y", [2, -1]), "input y: expected a shape of whole numbers, got [2,-1]"],
  constant: [() => constant(new Float32Array(3), [2]), "constant: shape [2] has 2 elements, got 3"],
  broadcast: [() => add(x, input("y", [2])), "Add: expected shapes that broadcast, got [2,3] and [2]"],
  type: [() => add(x, input("i", [3], "int32")), "Add: expected inputs of one type, got float32 and int32"],
  float: [() => exp(whole), "Exp: expected float32, got int32"],
  bool: [() => and(x, x), "And: expected bool, got float32"],
  "arithmetic of truth values": [() => add(less(x, 0), less(x, 1)), "Add: expected numbers, got bool"],
  condition: [() => where(x, x, x), "Where: expected bool, got float32"],
  axis: [() => sum(x, { axes: [2] }), "ReduceSum: expected distinct axes of a tensor of rank 2, got [2]"],
  axes: [
    () => sum(x, { axes: [0, -2] }),
    "ReduceSum: expected distinct axes of a tensor of rank 2, got [0,-2]",
  ],
  softmax: [() => softmax(x, 5), "softmax: expected distinct axes of a tensor of rank 2, got [5]"],
  matmul: [() => matmul(x, x), "MatMul: expected […,m,k] and […,k,n], got [2,3] and [2,3]"],
  vector: [() => matmul(x, input("v", [3])), "MatMul: expected […,m,k] and […,k,n], got [2,3] and [3]"],
  batch: [
    () => matmul(input("a", [2, 1, 3]), input("b", [4, 3, 1])),
    "MatMul: expected shapes that broadcast, got [2] and [4]",
  ],
  channels: [
    () => conv(image, input("w", [128, 64, 3, 3])),
    "conv: weight [128,64,3,3] in 1 group(s) expects 64 input channels, x [8,32,28,28] has 32",
  ],
  groups: [
    () => conv(image, input("w", [9, 16, 3, 3]), undefined, { groups: 2 }),
    "conv: expected output channels that 2 groups divide, got weight [9,16,3,3]",
  ],
  rank: [
    () => conv(image, input("w", [8, 32, 3])),
    "conv: expected a weight of rank 4, got weight [8,32,3] for x [8,32,28,28]",
  ],
  bias: [() => conv(image, input("w", [8, 32, 3, 3]), input("b", [9])), "conv: expected bias [8], got [9]"],
  window: [
    () => conv(image, input("w", [8, 32, 31, 3]), undefined, { padding: 1 }),
    "conv: the window [31,3] does not fit into x [8,32,28,28] with pads [1,1,1,1]",
  ],
  pads: [
    () => conv(image, input("w", [8, 32, 3, 3]), undefined, { padding: [1, 1] }),
    "padding: expected one number or 4, got [1,1]",
  ],
  transposed: [
    () => convTranspose(image, input("w", [16, 8, 3, 3])),
    "convTranspose: weight [16,8,3,3] in 1 group(s) expects 16 input channels, x [8,32,28,28] has 32",
  ],
  reshape: [() => reshape(x, [4]), "reshape: expected a shape of 6 elements like [2,3], got [4] of 4"],
  remainder: [
    () => reshape(x, [4, -1]),
    "reshape: expected a shape of 6 elements like [2,3], got [4,1.5] of 6",
  ],
  transpose: [() => transpose(x, [0]), "transpose: expected a permutation of 2 axes, got [0]"],
  step: [() => slice(x, { axis: 0, step: 0 }), "slice: expected a step other than 0, got 0"],
  pad: [() => pad(x, [1, 1]), "pad: expected 4 pads for [2,3], got 2"],
  crop: [() => pad(x, [-2, 0, -1, 0]), "pad: expected a non-negative size, got [-1,3]"],
  concat: [
    () => concat([x, input("y", [3, 3])], 1),
    "concat on axis 1: expected inputs equal on the other axes, got [2,3], [3,3]",
  ],
  nothing: [() => concat([], 0), "concat: expected at least one tensor, got none"],
  split: [() => split(x, [1, 1], 1), "split: expected sizes that add up to 3, got [1,1]"],
  expand: [() => expand(x, [2, 2]), "shapes that broadcast, got [2,3] and [2,2]"],
  shrink: [() => expand(x, [3]), "expand: expected a shape that broadcasts to [3], got [2,3]"],
  gather: [() => gather(x, x), "gather: expected whole-number indices, got float32"],
  upsample: [
    () => upsampleNearest(image, 1.5),
    "upsampleNearest: expected whole factors for the spatial axes of [8,32,28,28], got [1.5,1.5]",
  ],
};

describe("mistakes", () => {
  test.each(Object.entries(mistakes))("%s", (_, [expression, message]) => {
    expect(expression).toThrow(message);
  });
});
