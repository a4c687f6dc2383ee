// The vector-Jacobian product of every operator, written with the same operators, so gradients differentiate again.

import { sizeOf } from "../../artifact/shape.ts";
import { constant, scalarValue } from "../graph/constant.ts";
import { apply } from "../graph/infer.ts";
import {
  add,
  cast,
  convTranspose,
  cos,
  div,
  equal,
  exp,
  flip,
  greater,
  less,
  log,
  matmul,
  mul,
  neg,
  oneHot,
  pad,
  pow,
  reshape,
  sigmoid,
  sin,
  slice,
  split,
  sub,
  sum,
  transpose,
  where,
} from "../graph/ops.ts";
import { convTransposeExtents } from "../graph/shapes.ts";
import type { Ops, OpType, Tensor } from "../graph/tensor.ts";

/**
 * Given the cotangent g of y = op(inputs), the cotangents of the inputs; undefined where there is none.
 * Broadcasting is the walk's business: a rule may answer in the shape of y, or smaller where the cotangent repeats.
 */
export type Vjp<K extends OpType> = (
  g: Tensor,
  inputs: readonly Tensor[],
  y: Tensor,
  attrs: Ops[K],
) => readonly (Tensor | undefined)[];

const none: Vjp<OpType> = () => [];

const unary =
  (derivative: (x: Tensor, y: Tensor) => Tensor): Vjp<OpType> =>
  (g, [x], y) => [mul(g, derivative(x!, y))];

/** A square's two equal cotangents are one of twice the size, which is a pass less where g is small. */
const product: Vjp<"Mul"> = (g, [a, b]) => (a === b ? [mul(mul(g, 2), a!)] : [mul(g, b!), mul(g, a!)]);

/** Where two inputs tie, each gets half, which keeps the rule symmetric. */
const extremum: Vjp<"Max" | "Min"> = (g, [a, b], y) => {
  const [fromA, fromB] = [a!, b!].map((x) => cast(equal(x, y), "float32"));
  const share = div(g, add(fromA!, fromB!));
  return [mul(share, fromA!), mul(share, fromB!)];
};

const withReducedAxes = (x: Tensor, like: Tensor, axes: readonly number[]) =>
  reshape(
    x,
    like.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)),
  );

const reduceMax: Vjp<"ReduceMax"> = (g, [x], y, { axes }) => {
  const hits = cast(equal(x!, withReducedAxes(y, x!, axes)), "float32");
  return [mul(div(withReducedAxes(g, x!, axes), sum(hits, { axes, keepdims: true })), hits)];
};

const softmax: Vjp<"Softmax"> = (g, _, y, { axis }) => {
  const gy = mul(g, y);
  return [sub(gy, mul(y, sum(gy, { axes: [axis], keepdims: true })))];
};

const swapLast = (x: Tensor) => {
  const axes = [...x.shape.keys()];
  return transpose(x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
};

/** Power rule. A number as exponent stays one, so that x² ends in a constant and not in 0 · x⁻¹, which is NaN at 0. */
const power: Vjp<"Pow"> = (g, [x, n], y) => {
  const number = scalarValue(n!);
  const lower = number === undefined ? sub(n!, 1) : number - 1;
  return [mul(g, mul(n!, pow(x!, lower))), mul(g, mul(y, log(x!)))];
};

const spatial = (x: Tensor) => x.shape.slice(2);

// Convolution, its adjoint in x and its adjoint in the weight are the three partial derivatives of one trilinear
// form <g, conv(x, w)>, so each one's gradients are the other two.
const convVjp: Vjp<"Conv"> = (g, [x, weight, bias], _, attrs) => {
  const smallest = convTransposeExtents(spatial(g), spatial(weight!), { ...attrs, outputPadding: [0, 0, 0] });
  const outputPadding = spatial(x!).map((n, i) => n - smallest[i]!);
  return [
    apply("ConvTranspose", [g, weight!], { ...attrs, outputPadding }),
    apply("ConvWeightGrad", [x!, g], { ...attrs, kernel: spatial(weight!) }),
    bias && sum(g, { axes: [...g.shape.keys()].filter((axis) => axis !== 1) }),
  ];
};

const convTransposeVjp: Vjp<"ConvTranspose"> = (g, [x, weight], _, { outputPadding: _o, ...attrs }) => [
  cropTo(apply("Conv", [g, weight!], attrs), x!),
  apply("ConvWeightGrad", [g, x!], { ...attrs, kernel: spatial(weight!) }),
];

const convWeightGradVjp: Vjp<"ConvWeightGrad"> = (h, [x, g], _, { kernel, ...attrs }) => {
  const smallest = convTransposeExtents(spatial(g!), kernel, { ...attrs, outputPadding: [0, 0, 0] });
  const outputPadding = spatial(x!).map((n, i) => n - smallest[i]!);
  return [
    convTranspose(g!, h, {
      stride: attrs.strides,
      padding: attrs.pads,
      dilation: attrs.dilations,
      groups: attrs.group,
      outputPadding,
    }),
    apply("Conv", [x!, h], attrs),
  ];
};

/** Drops positions that a large outputPadding let a convolution see beyond `like`. */
const cropTo = (x: Tensor, like: Tensor) =>
  slice(x, ...spatial(like).map((n, i) => ({ axis: i + 2, start: 0, end: n })));

/** Puts g back where the slice took it from, zeros elsewhere. */
const sliceVjp: Vjp<"Slice"> = (g, [x], _, { starts, axes, steps }) => [
  axes.reduce((part, axis, i) => unslice(part, axis, starts[i]!, steps[i]!, x!.shape[axis]!), g),
];

function unslice(g: Tensor, axis: number, start: number, step: number, size: number): Tensor {
  const n = g.shape[axis]!;
  if (n === 0) return pad(g, padAxis(g, axis, 0, size));
  const forward = step < 0 ? flip(g, axis) : g;
  const first = step < 0 ? start + (n - 1) * step : start;
  const spaced = insertZeros(forward, axis, Math.abs(step));
  return pad(spaced, padAxis(g, axis, first, size - first - spaced.shape[axis]!));
}

const padAxis = (x: Tensor, axis: number, begin: number, end: number) => {
  const side = (amount: number) => x.shape.map((_, i) => (i === axis ? amount : 0));
  return [...side(begin), ...side(end)];
};

/** Puts step - 1 zeros after every element but the last along an axis. */
function insertZeros(x: Tensor, axis: number, step: number): Tensor {
  if (step === 1) return x;
  const n = x.shape[axis]!;
  const column = reshape(x, x.shape.toSpliced(axis, 1, n, 1));
  const padded = pad(column, padAxis(column, axis + 1, 0, step - 1));
  return slice(reshape(padded, x.shape.with(axis, n * step)), { axis, end: n * step - step + 1 });
}

const concatVjp: Vjp<"Concat"> = (g, inputs, _, { axis }) =>
  split(
    g,
    inputs.map((x) => x.shape[axis]!),
    axis,
  );

/** Gather is a product with one-hot rows, so its adjoint is the transposed product. */
const gatherVjp: Vjp<"Gather"> = (g, [x, indices], _, { axis }) => {
  const [depth, count] = [x!.shape[axis]!, sizeOf(indices!.shape)];
  const [outer, inner] = [x!.shape.slice(0, axis), x!.shape.slice(axis + 1)];
  const picked = reshape(g, [sizeOf(outer), count, sizeOf(inner)]);
  const at = reshape(cast(indices!, "int32"), [count]);
  const number = (value: number) => constant(Int32Array.of(value), []);
  const fromStart = where(less(at, number(0)), add(at, number(depth)), at);
  const rows = transpose(oneHot(fromStart, depth));
  return [reshape(matmul(rows, picked), x!.shape)];
};

const upsampleNearestVjp: Vjp<"UpsampleNearest"> = (g, [x], _, { scales }) => {
  const [n, c] = x!.shape;
  const blocks = reshape(g, [n!, c!, ...spatial(x!).flatMap((size, i) => [size, scales[i]!])]);
  return [sum(blocks, { axes: scales.map((_, i) => 3 + 2 * i) })];
};

/** What a lowering made has been differentiated before. */
const lowered: Vjp<OpType> = () => {
  throw new Error("vjp: what a lowering made has no gradient; differentiate first, then lower");
};

/** Operators that act on each position alone, so that a cotangent which repeats along an axis may stay unexpanded. */
export const pointwise: ReadonlySet<OpType> = new Set<OpType>([
  ...(["Neg", "Abs", "Exp", "Log", "Sqrt", "Sin", "Cos", "Tanh", "Sigmoid", "Softplus", "Erf"] as const),
  ...(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where", "Cast"] as const),
]);

const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/** One rule per operator: an operator without one does not compile. */
export const vjps: { readonly [K in OpType]: Vjp<K> } = {
  Input: none,
  Constant: none,
  Neg: (g) => [neg(g)],
  Abs: unary((x) => where(less(x, 0), -1, cast(greater(x, 0), "float32"))),
  Exp: unary((_, y) => y),
  Log: (g, [x]) => [div(g, x!)],
  Sqrt: (g, _, y) => [div(g, mul(y, 2))],
  Sin: unary((x) => cos(x)),
  Cos: unary((x) => neg(sin(x))),
  Tanh: unary((_, y) => sub(1, mul(y, y))),
  Sigmoid: unary((_, y) => mul(y, sub(1, y))),
  Softplus: unary((x) => sigmoid(x)),
  Erf: unary((x) => mul(twoOverRootPi, exp(neg(mul(x, x))))),
  Floor: none,
  StopGradient: none,
  Add: (g) => [g, g],
  Sub: (g) => [g, neg(g)],
  Mul: product,
  Div: (g, [, b], y) => [div(g, b!), neg(mul(g, div(y, b!)))],
  Pow: power,
  Max: extremum,
  Min: extremum,
  Equal: none,
  Less: none,
  LessOrEqual: none,
  And: none,
  Not: none,
  Where: (g, [condition]) => [undefined, where(condition!, g, 0), where(condition!, 0, g)],
  Cast: (g, [x]) => [x!.dtype === "float32" ? g : undefined],
  ReduceSum: (g, [x], _, { axes }) => [withReducedAxes(g, x!, axes)],
  ReduceMax: reduceMax,
  Softmax: softmax,
  MatMul: (g, [a, b]) => [matmul(g, swapLast(b!)), matmul(swapLast(a!), g)],
  Conv: convVjp,
  ConvTranspose: convTransposeVjp,
  ConvWeightGrad: convWeightGradVjp,
  Reshape: (g, [x]) => [reshape(g, x!.shape)],
  Transpose: (g, _, __, { perm }) => [
    transpose(
      g,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ],
  Slice: sliceVjp,
  Pad: (g, _, __, { pads }) => [
    pad(
      g,
      pads.map((n) => 0 - n),
    ),
  ],
  Concat: concatVjp,
  Expand: (g) => [g],
  Gather: gatherVjp,
  UpsampleNearest: upsampleNearestVjp,
  ToBlocked: lowered,
  FromBlocked: lowered,
  BlockedConv: lowered,
  Gemm: lowered,
  ChannelAffine: lowered,
  Part: lowered,
  NormalizedRows: lowered,
};
