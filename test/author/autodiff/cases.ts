// Expressions that exercise every operator's derivative: a table that does not compile when an operator is missing.
import { constant } from "../../../lib/author/graph/constant.ts";
import { apply } from "../../../lib/author/graph/infer.ts";
import * as ops from "../../../lib/author/graph/ops.ts";
import type { OpType, Shape, Tensor } from "../../../lib/author/graph/tensor.ts";

export interface Case {
  /** The shapes of the inputs, which are drawn from a normal distribution. */
  readonly shapes: readonly Shape[];
  /** An expression of those inputs that contains the operator. */
  readonly y: (...xs: Tensor[]) => Tensor;
}

const on = (shapes: readonly Shape[], y: (...xs: Tensor[]) => Tensor): Case => ({ shapes, y });

/** Away from 0, where logarithms, roots and quotients are steep. */
const positive = (x: Tensor) => ops.add(ops.softplus(x), 0.3);

const unary = (f: (x: Tensor) => Tensor) => [on([[2, 3]], f)];

/** Broadcasting in both directions, of leading and inner axes, and of scalars. */
const binary = (f: (a: Tensor, b: Tensor) => Tensor): Case[] => [
  on(
    [
      [2, 3],
      [2, 3],
    ],
    f,
  ),
  on([[2, 3], [3]], f),
  on(
    [
      [2, 1],
      [4, 1, 3],
    ],
    f,
  ),
  on([[], [2, 2]], f),
  on([[2, 3]], (a) => f(a, a)),
];

const condition = (f: (a: Tensor, b: Tensor) => Tensor) =>
  on([[2, 3], [3]], (a, b) => ops.where(f(a, b), ops.mul(a, b), ops.sin(a)));

const reduction = (f: (x: Tensor, options: ops.ReduceOptions) => Tensor): Case[] => [
  on([[2, 3, 2]], (x) => f(x, {})),
  on([[2, 3, 2]], (x) => f(x, { axes: [1] })),
  on([[2, 3, 2]], (x) => f(x, { axes: [0, 2], keepdims: true })),
];

const convolution = (x: Shape, weight: Shape, bias: boolean, options: ops.ConvOptions): Case =>
  on([x, weight, ...(bias ? [[weight[0]!]] : [])], (a, w, b) => ops.conv(a, w, b, options));

const transposed = (x: Shape, weight: Shape, options: Parameters<typeof ops.convTranspose>[2] = {}): Case =>
  on([x, weight], (a, w) => ops.convTranspose(a, w, options));

const indices = (shape: Shape, ...values: number[]) => constant(Int32Array.from(values), shape);

export const cases: { readonly [K in OpType]: readonly Case[] } = {
  Input: [on([[2, 3]], (x) => x)],
  Constant: [on([[2, 2]], (x) => ops.mul(x, constant(Float32Array.of(1, 2, -3, 0.5), [2, 2])))],
  Neg: unary(ops.neg),
  Abs: unary(ops.abs),
  Exp: unary(ops.exp),
  Log: unary((x) => ops.log(positive(x))),
  Sqrt: unary((x) => ops.sqrt(positive(x))),
  Sin: unary(ops.sin),
  Cos: unary(ops.cos),
  Tanh: unary(ops.tanh),
  Sigmoid: unary(ops.sigmoid),
  Softplus: unary(ops.softplus),
  Erf: unary(ops.erf),
  Floor: unary((x) => ops.mul(x, ops.floor(ops.mul(x, 3)))),
  StopGradient: [], // by definition not the derivative of its value; tested apart
  Add: binary(ops.add),
  Sub: binary(ops.sub),
  Mul: binary(ops.mul),
  Div: binary((a, b) => ops.div(a, positive(b))),
  Pow: [...binary((a, b) => ops.pow(positive(a), b)), ...unary((x) => ops.pow(x, 3))],
  Max: binary(ops.maximum),
  Min: binary(ops.minimum),
  Equal: [condition((a) => ops.equal(a, a))],
  Less: [condition(ops.less)],
  LessOrEqual: [condition(ops.lessOrEqual)],
  And: [condition((a, b) => ops.and(ops.less(a, 0.5), ops.less(b, 0.5)))],
  Not: [condition((a, b) => ops.not(ops.less(a, b)))],
  Where: [
    on([[2, 3], [3], [2, 1]], (c, a, b) => ops.where(ops.less(c, 0), a, b)),
    on([[3], [2, 3]], (c, a) => ops.where(ops.less(c, 0), a, c)),
    on([[2, 3]], (x) => ops.where(ops.less(x, 0), 0, x)),
  ],
  Cast: unary((x) => ops.mul(x, ops.cast(ops.less(x, 0), "float32"))),
  ReduceSum: reduction(ops.sum),
  ReduceMax: reduction(ops.max),
  Softmax: [0, 1, -1].map((axis) => on([[2, 3, 2]], (x) => ops.softmax(x, axis))),
  MatMul: [
    on(
      [
        [2, 3],
        [3, 4],
      ],
      ops.matmul,
    ),
    on(
      [
        [2, 2, 3],
        [3, 2],
      ],
      ops.matmul,
    ),
    on(
      [
        [3, 1, 1, 2],
        [2, 2, 2],
      ],
      ops.matmul,
    ),
    on([[3, 3]], (x) => ops.matmul(x, x)),
  ],
  Conv: [
    convolution([2, 3, 5], [4, 3, 3], true, { padding: [0, 2], stride: 2 }),
    convolution([2, 3, 5, 4], [2, 3, 3, 2], true, { padding: [1, 0, 0, 1] }),
    convolution([1, 2, 6, 5], [2, 2, 2, 2], false, { stride: [2, 3], padding: [1, 0, 1, 1] }),
    convolution([1, 2, 6, 6], [3, 2, 2, 3], false, { dilation: [2, 1], padding: [0, 1, 2, 1] }),
    convolution([1, 4, 4, 4], [6, 2, 3, 3], true, { groups: 2, padding: 1, stride: 2 }),
    convolution([2, 3, 4, 3], [3, 1, 3, 3], true, { groups: 3, padding: 1 }),
    convolution([2, 3, 3, 3], [2, 3, 1, 1], false, {}),
    convolution([1, 2, 3, 3, 2], [2, 2, 2, 2, 2], true, { padding: [1, 0, 0, 0, 1, 1] }),
  ],
  ConvTranspose: [
    transposed([2, 3, 4], [3, 2, 3], { stride: 2, padding: [1, 0], outputPadding: 1 }),
    transposed([2, 3, 3, 2], [3, 2, 3, 2], { padding: [1, 0, 0, 1] }),
    transposed([1, 2, 3, 3], [2, 3, 3, 2], { stride: [2, 3], padding: 1, outputPadding: [1, 2] }),
    transposed([1, 4, 2, 3], [4, 2, 3, 3], { groups: 2, dilation: 2, stride: 2 }),
    transposed([2, 3, 3, 3], [3, 1, 2, 2], { groups: 3 }),
    transposed([1, 2, 2, 2, 2], [2, 2, 2, 1, 2], { stride: [1, 2, 1] }),
  ],
  ConvWeightGrad: [
    on(
      [
        [2, 3, 5, 4],
        [2, 2, 3, 3],
      ],
      (x, g) =>
        apply("ConvWeightGrad", [x, g], {
          strides: [2, 1],
          pads: [1, 0, 1, 0],
          dilations: [1, 1],
          kernel: [3, 2],
          group: 1,
        }),
    ),
    on(
      [
        [1, 4, 5],
        [1, 2, 2],
      ],
      (x, g) =>
        apply("ConvWeightGrad", [x, g], {
          strides: [2],
          pads: [0, 1],
          dilations: [2],
          kernel: [2],
          group: 2,
        }),
    ),
  ],
  Reshape: [on([[2, 3, 2]], (x) => ops.reshape(x, [4, 3]))],
  Transpose: [on([[2, 3, 2]], (x) => ops.transpose(x, [2, 0, 1]))],
  Slice: [
    on([[5, 4]], (x) => ops.slice(x, { axis: 0, start: 1, end: 4 })),
    on([[7, 4]], (x) => ops.slice(x, { axis: 0, start: 1, step: 3 }, { axis: 1, step: -1 })),
    on([[7, 5]], (x) => ops.slice(x, { axis: 0, start: -2, step: -2 }, { axis: 1, end: 4, step: 2 })),
    on([[3, 2]], (x) => ops.concat([ops.slice(x, { axis: 0, start: 2, end: 1 }), ops.sin(x)], 0)),
  ],
  Pad: [on([[2, 3]], (x) => ops.pad(x, [1, 0, 0, 2], 0.5)), on([[3, 4]], (x) => ops.pad(x, [-1, 1, 2, -2]))],
  Concat: [
    on(
      [
        [2, 3],
        [1, 3],
        [2, 3],
      ],
      (...xs) => ops.concat(xs, 0),
    ),
    on(
      [
        [2, 1],
        [2, 2],
      ],
      (a, b) => ops.concat([a, b, a], -1),
    ),
  ],
  Expand: [
    on([[1, 3]], (x) => ops.expand(x, [2, 2, 3])),
    on([[2, 1]], (x) => ops.expand(x, [2, 3])),
    on([[]], (x) => ops.expand(x, [2, 3])),
  ],
  Gather: [
    on([[4, 2]], (x) => ops.gather(x, indices([3], 3, 0, 3))),
    on([[2, 3, 2]], (x) => ops.gather(x, indices([2, 2], 1, 1, 0, 1), 1)),
    on([[2, 3]], (x) => ops.gather(x, indices([], 2), -1)),
    on([[3, 2]], (x) => ops.gather(x, indices([3], -1, 0, -3))),
  ],
  UpsampleNearest: [
    on([[2, 1, 3]], (x) => ops.upsampleNearest(x, 2)),
    on([[1, 2, 2, 3]], (x) => ops.upsampleNearest(x, [3, 2])),
    on([[1, 1, 2, 1, 2]], (x) => ops.upsampleNearest(x, [1, 2, 3])),
  ],
  // What a lowering makes has been differentiated before.
  ToBlocked: [],
  FromBlocked: [],
  BlockedConv: [],
  Gemm: [],
  ChannelAffine: [],
  Part: [],
  NormalizedRows: [],
};
