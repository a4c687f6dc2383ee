// Shape and type of every operator: where a mistake in an expression is found, when its line runs.

import { sizeOf } from "../../artifact/shape.ts";
import {
  broadcastShapes,
  commonType,
  convExtents,
  convTransposeExtents,
  expectNumber,
  expectType,
  mismatch,
  sliceLength,
} from "./shapes.ts";
import { intern, type Ops, type OpType, type Tensor, type TensorType } from "./tensor.ts";

type Infer<K extends OpType> = (inputs: readonly Tensor[], attrs: Ops[K], op: K) => TensorType;

/** Builds a node of any operator; its shape and type follow from the inputs, or an error says why they cannot. */
export function apply<K extends OpType>(op: K, inputs: readonly Tensor[], attrs: Ops[K]): Tensor<K> {
  const rule: Infer<K> = infer[op];
  return intern(op, inputs, attrs, () => rule(inputs, attrs, op));
}

const leaf: Infer<"Input" | "Constant"> = (_, { shape, dtype }) => ({ shape, dtype });

const same: Infer<OpType> = ([x]) => ({ shape: x!.shape, dtype: x!.dtype });

const number: Infer<OpType> = ([x], _, op) => ({ shape: x!.shape, dtype: expectNumber(op, x!.dtype) });

const float: Infer<OpType> = ([x], _, op) => ({ shape: x!.shape, dtype: expectType(op, x!, "float32") });

const arithmetic: Infer<OpType> = (inputs, _, op) => ({
  shape: broadcastShapes(op, ...inputs.map((x) => x.shape)),
  dtype: expectNumber(op, commonType(op, inputs)),
});

const equality: Infer<OpType> = (inputs, _, op) => {
  commonType(op, inputs);
  return { shape: broadcastShapes(op, ...inputs.map((x) => x.shape)), dtype: "bool" };
};

const comparison: Infer<OpType> = (inputs, attrs, op) => ({
  shape: arithmetic(inputs, attrs, op).shape,
  dtype: "bool",
});

const logical: Infer<OpType> = (inputs, attrs, op) => {
  for (const x of inputs) expectType(op, x, "bool");
  return equality(inputs, attrs, op);
};

const where: Infer<"Where"> = ([condition, x, y], _, op) => {
  expectType(op, condition!, "bool");
  return {
    shape: broadcastShapes(op, condition!.shape, x!.shape, y!.shape),
    dtype: commonType(op, [x!, y!]),
  };
};

const reduction: Infer<"ReduceSum" | "ReduceMax"> = ([x], { axes, keepdims }, op) => ({
  shape: x!.shape
    .map((n, axis) => (axes.includes(axis) ? 1 : n))
    .filter((_, axis) => keepdims || !axes.includes(axis)),
  dtype: expectNumber(op, x!.dtype),
});

const matmul: Infer<"MatMul"> = ([a, b], _, op) => {
  const [m, k] = a!.shape.slice(-2);
  const [k2, n] = b!.shape.slice(-2);
  if (n === undefined || k === undefined || k !== k2)
    mismatch(op, "[…,m,k] and […,k,n]", `[${a!.shape}] and [${b!.shape}]`);
  const batch = broadcastShapes(op, a!.shape.slice(0, -2), b!.shape.slice(0, -2));
  return { shape: [...batch, m!, n], dtype: commonType(op, [a!, b!]) };
};

const conv: Infer<"Conv"> = ([x, weight, bias], attrs) => {
  const [batch, channels, ...size] = x!.shape;
  const [out, perGroup, ...kernel] = weight!.shape;
  const { group } = attrs;
  if (kernel.length !== size.length || size.length === 0)
    mismatch("conv", `a weight of rank ${x!.shape.length}`, `weight [${weight!.shape}] for x [${x!.shape}]`);
  if (channels !== perGroup! * group)
    throw new Error(
      `conv: weight [${weight!.shape}] in ${group} group(s) expects ${perGroup! * group} input channels, x [${x!.shape}] has ${channels}`,
    );
  if (out! % group !== 0)
    mismatch("conv", `output channels that ${group} groups divide`, `weight [${weight!.shape}]`);
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out))
    mismatch("conv", `bias [${out}]`, `[${bias.shape}]`);
  const extents = convExtents(size, kernel, attrs);
  if (extents.some((n) => n < 1))
    throw new Error(
      `conv: the window [${kernel}] does not fit into x [${x!.shape}] with pads [${attrs.pads}]`,
    );
  return { shape: [batch!, out!, ...extents], dtype: commonType("conv", [x!, weight!]) };
};

const convTranspose: Infer<"ConvTranspose"> = ([x, weight], attrs) => {
  const [batch, channels, ...size] = x!.shape;
  const [into, perGroup, ...kernel] = weight!.shape;
  const { group } = attrs;
  if (kernel.length !== size.length || size.length === 0)
    mismatch(
      "convTranspose",
      `a weight of rank ${x!.shape.length}`,
      `[${weight!.shape}] for x [${x!.shape}]`,
    );
  if (channels !== into || channels! % group !== 0)
    throw new Error(
      `convTranspose: weight [${weight!.shape}] in ${group} group(s) expects ${into} input channels, x [${x!.shape}] has ${channels}`,
    );
  const extents = convTransposeExtents(size, kernel, attrs);
  if (extents.some((n) => n < 1))
    mismatch("convTranspose", "pads smaller than the result", `pads [${attrs.pads}] for x [${x!.shape}]`);
  return {
    shape: [batch!, perGroup! * group, ...extents],
    dtype: commonType("convTranspose", [x!, weight!]),
  };
};

const convWeightGrad: Infer<"ConvWeightGrad"> = ([x, g], { kernel, group }) => ({
  shape: [g!.shape[1]!, x!.shape[1]! / group, ...kernel],
  dtype: commonType("convWeightGrad", [x!, g!]),
});

const reshape: Infer<"Reshape"> = ([x], { shape }) =>
  sizeOf(shape) === sizeOf(x!.shape) && shape.every(Number.isInteger)
    ? { shape, dtype: x!.dtype }
    : mismatch(
        "reshape",
        `a shape of ${sizeOf(x!.shape)} elements like [${x!.shape}]`,
        `[${shape}] of ${sizeOf(shape)}`,
      );

const slice: Infer<"Slice"> = ([x], { starts, ends, axes, steps }) => {
  const shape = [...x!.shape];
  axes.forEach((axis, i) => {
    shape[axis] = sliceLength(starts[i]!, ends[i]!, steps[i]!);
  });
  return { shape, dtype: x!.dtype };
};

const pad: Infer<"Pad"> = ([x], { pads }) => {
  const rank = x!.shape.length;
  if (pads.length !== 2 * rank) mismatch("pad", `${2 * rank} pads for [${x!.shape}]`, `${pads.length}`);
  const shape = x!.shape.map((n, axis) => n + pads[axis]! + pads[axis + rank]!);
  return shape.every((n) => n >= 0)
    ? { shape, dtype: x!.dtype }
    : mismatch("pad", "a non-negative size", `[${shape}]`);
};

const concat: Infer<"Concat"> = (inputs, { axis }) => {
  const first = inputs[0]!;
  const rest = (x: Tensor) => x.shape.toSpliced(axis, 1).join();
  if (inputs.some((x) => x.shape.length !== first.shape.length || rest(x) !== rest(first)))
    mismatch(
      `concat on axis ${axis}`,
      "inputs equal on the other axes",
      inputs.map((x) => `[${x.shape}]`).join(", "),
    );
  const total = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
  return { shape: first.shape.with(axis, total), dtype: commonType("concat", inputs) };
};

const expand: Infer<"Expand"> = ([x], { shape }) =>
  broadcastShapes("expand", x!.shape, shape).join() === shape.join()
    ? { shape, dtype: x!.dtype }
    : mismatch("expand", `a shape that broadcasts to [${shape}]`, `[${x!.shape}]`);

const gather: Infer<"Gather"> = ([x, indices], { axis }) =>
  indices!.dtype === "int32" || indices!.dtype === "int64"
    ? { shape: x!.shape.toSpliced(axis, 1, ...indices!.shape), dtype: x!.dtype }
    : mismatch("gather", "whole-number indices", indices!.dtype);

const upsampleNearest: Infer<"UpsampleNearest"> = ([x], { scales }) =>
  scales.length === x!.shape.length - 2 && scales.every((scale) => Number.isInteger(scale) && scale > 0)
    ? { shape: x!.shape.map((n, axis) => n * (scales[axis - 2] ?? 1)), dtype: x!.dtype }
    : mismatch("upsampleNearest", `whole factors for the spatial axes of [${x!.shape}]`, `[${scales}]`);

const toBlocked: Infer<"ToBlocked"> = ([x], { block }) => {
  const { shape } = x!;
  return shape.length === 4 && shape[1]! % block === 0
    ? { shape, dtype: expectType("toBlocked", x!, "float32") }
    : mismatch("toBlocked", `images of a multiple of ${block} channels`, `[${shape}]`);
};

const fromBlocked: Infer<"FromBlocked"> = ([x], { channels }) => {
  const [n, from, ...size] = x!.shape;
  if (channels > from!) mismatch("fromBlocked", `at most ${from} channels`, `${channels}`);
  return { shape: [n!, channels, ...size], dtype: x!.dtype };
};

const blockedConv: Infer<"BlockedConv"> = ([x, weight, ...rest], attrs, op) => {
  const type = conv([x!, weight!], attrs, "Conv");
  const [bias, sum] = attrs.bias ? rest : [undefined, ...rest];
  if (rest.length !== Number(attrs.bias) + Number(attrs.sum))
    mismatch(op, "a bias and a sum where the attributes say so", `${rest.length} further inputs`);
  if (bias && bias.shape.join() !== `${type.shape[1]}`)
    mismatch(op, `bias [${type.shape[1]}]`, `[${bias.shape}]`);
  if (sum && sum.shape.join() !== type.shape.join()) mismatch(op, `sum [${type.shape}]`, `[${sum.shape}]`);
  return type;
};

const gemm: Infer<"Gemm"> = ([a, b, bias], { transA, transB }, op) => {
  const [m, k] = transA ? a!.shape.toReversed() : a!.shape;
  const [k2, n] = transB ? b!.shape.toReversed() : b!.shape;
  if (a!.shape.length !== 2 || b!.shape.length !== 2 || k !== k2)
    mismatch(op, "matrices [m,k] and [k,n]", `[${a!.shape}] and [${b!.shape}]`);
  if (bias && bias.shape.join() !== `${n}`) mismatch(op, `bias [${n}]`, `[${bias.shape}]`);
  return { shape: [m!, n!], dtype: commonType(op, [a!, b!]) };
};

const infer: { readonly [K in OpType]: Infer<K> } = {
  Input: leaf,
  Constant: leaf,
  Neg: number,
  Abs: number,
  Exp: float,
  Log: float,
  Sqrt: float,
  Sin: float,
  Cos: float,
  Tanh: float,
  Sigmoid: float,
  Softplus: float,
  Erf: float,
  Floor: float,
  StopGradient: same,
  Add: arithmetic,
  Sub: arithmetic,
  Mul: arithmetic,
  Div: arithmetic,
  Pow: arithmetic,
  Max: arithmetic,
  Min: arithmetic,
  Equal: equality,
  Less: comparison,
  LessOrEqual: comparison,
  And: logical,
  Not: logical,
  Where: where,
  Cast: ([x], { to }) => ({ shape: x!.shape, dtype: to }),
  ReduceSum: reduction,
  ReduceMax: reduction,
  Softmax: float,
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvWeightGrad: convWeightGrad,
  Reshape: reshape,
  Transpose: ([x], { perm }) => ({ shape: perm.map((axis) => x!.shape[axis]!), dtype: x!.dtype }),
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Expand: expand,
  Gather: gather,
  UpsampleNearest: upsampleNearest,
  ToBlocked: toBlocked,
  FromBlocked: fromBlocked,
  BlockedConv: blockedConv,
  Gemm: gemm,
  ChannelAffine: same,
  Part: ([x], { axis, sizes, index }) => ({ shape: x!.shape.with(axis, sizes[index]!), dtype: x!.dtype }),
  NormalizedRows: ([x], { result }) => ({
    shape: result === "values" ? x!.shape : x!.shape.with(-1, 1),
    dtype: x!.dtype,
  }),
};
