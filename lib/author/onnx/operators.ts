// How every operator is written down in ONNX: its name there, its attributes, and what ONNX takes as further inputs.
import { TensorProto_DataType as DataType } from "../../artifact/onnx/onnx_pb.ts";
import type { DType, Ops, OpType, Tensor } from "../graph/tensor.ts";

/** ONNX's numbers of the types. */
export const dataTypes: Record<DType, DataType> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

export type Attribute = number | string | readonly number[] | { readonly float: number };
/** How a node is written down. */
export interface Emission {
  readonly opType?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Whole-number arguments that ONNX takes as inputs after the tensors. */
  readonly int64s?: readonly (readonly number[] | undefined)[];
  /** A float argument that follows them. */
  readonly float?: number;
  /** The position of an optional tensor that is left out before others. */
  readonly skips?: number;
  /** Which of a node's results this is, where it has several. */
  readonly result?: { readonly index: number; readonly count: number };
}
type Emit<K extends OpType> = (attrs: Ops[K], node: Tensor<K>) => Emission;

/** Where ONNX Runtime keeps the operators of its blocked layout; they exist on the CPU of some machines only. */
export const blockedDomain = "com.microsoft.nchwc";

const plain: Emit<OpType> = () => ({});

const leaf: Emit<OpType> = (_, { op }) => {
  throw new Error(`emit: ${op} is a leaf, not a node`);
};

const windows = ({ strides, pads, dilations, group }: Ops["Conv"]) => ({ strides, pads, dilations, group });

/** A reversed slice that ends before position 0 says so by a number below -n. */
const sliceEnd = (end: number, n: number) => (end < 0 ? end - n : end);

const reduction: Emit<"ReduceSum" | "ReduceMax"> = ({ axes, keepdims }) => ({
  attributes: { keepdims: Number(keepdims) },
  int64s: [axes],
});

/** How each operator is written down; what is named alike in ONNX and has no attributes is plain. */
const emit: { readonly [K in OpType]: Emit<K> } = {
  Input: leaf,
  Constant: leaf,
  Neg: plain,
  Abs: plain,
  Exp: plain,
  Log: plain,
  Sqrt: plain,
  Sin: plain,
  Cos: plain,
  Tanh: plain,
  Sigmoid: plain,
  Softplus: plain,
  Erf: plain,
  Floor: plain,
  StopGradient: () => ({ opType: "Identity" }),
  Add: plain,
  Sub: plain,
  Mul: plain,
  Div: plain,
  Pow: plain,
  Max: plain,
  Min: plain,
  Equal: plain,
  Less: plain,
  LessOrEqual: plain,
  And: plain,
  Not: plain,
  Where: plain,
  Cast: ({ to }) => ({ attributes: { to: dataTypes[to] } }),
  ReduceSum: reduction,
  ReduceMax: reduction,
  Softmax: ({ axis }) => ({ attributes: { axis } }),
  MatMul: plain,
  Conv: (attrs) => ({ attributes: windows(attrs) }),
  ConvTranspose: (attrs) => ({ attributes: { ...windows(attrs), output_padding: attrs.outputPadding } }),
  ConvWeightGrad: () => {
    throw new Error("emit: ConvWeightGrad is not an ONNX operator; lower the outputs first");
  },
  Reshape: ({ shape }) => ({ int64s: [shape] }),
  Transpose: ({ perm }) => ({ attributes: { perm } }),
  Slice: ({ starts, ends, axes, steps }, { inputs: [x] }) => ({
    int64s: [starts, ends.map((end, i) => sliceEnd(end, x!.shape[axes[i]!]!)), axes, steps],
  }),
  Pad: ({ pads, value }) => ({ int64s: [pads], float: value }),
  Concat: ({ axis }) => ({ attributes: { axis } }),
  Expand: ({ shape }) => ({ int64s: [shape] }),
  Gather: ({ axis }) => ({ attributes: { axis } }),
  UpsampleNearest: (_, { shape }) => ({
    opType: "Resize",
    attributes: { mode: "nearest", nearest_mode: "floor", coordinate_transformation_mode: "asymmetric" },
    int64s: [undefined, undefined, shape],
  }),
  ToBlocked: () => ({ opType: "ReorderInput", domain: blockedDomain }),
  FromBlocked: ({ channels }) => ({
    opType: "ReorderOutput",
    domain: blockedDomain,
    attributes: { channels },
  }),
  BlockedConv: ({ bias, sum, ...attrs }, { inputs: [, weight] }) => ({
    opType: "Conv",
    domain: blockedDomain,
    attributes: { ...windows(attrs), kernel_shape: weight!.shape.slice(2) },
    ...(sum && !bias && { skips: 2 }),
  }),
  Gemm: ({ transA, transB }) => ({ attributes: { transA: Number(transA), transB: Number(transB) } }),
  // In inference: (x - 0) / sqrt(1 + 0) · scale + offset.
  ChannelAffine: () => ({ opType: "BatchNormalization", attributes: { epsilon: { float: 0 } } }),
  Part: ({ axis, sizes, index }) => ({
    opType: "Split",
    attributes: { axis },
    int64s: [sizes],
    result: { index, count: sizes.length },
  }),
  NormalizedRows: ({ eps, result }) => ({
    opType: "LayerNormalization",
    attributes: { axis: -1, epsilon: { float: eps } },
    result: { index: normalizedResults.indexOf(result), count: normalizedResults.length },
  }),
};

const normalizedResults: readonly Ops["NormalizedRows"]["result"][] = ["values", "mean", "inverse"];

/** Operators that are named alike in ONNX and have no attributes. */
export const plainOperators = (Object.keys(emit) as OpType[]).filter((op) => emit[op] === plain);

/** How a node is written down; what is not said is as in ONNX's operator of the same name. */
export function emission(node: Tensor): Emission {
  const rule = emit[node.op] as Emit<typeof node.op>;
  return rule(node.attrs, node);
}
