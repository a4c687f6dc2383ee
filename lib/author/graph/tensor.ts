// Immutable tensor expressions: a node is its operator, inputs and attributes, and equal structure is one node.

export type DType = "float32" | "int32" | "int64" | "bool";
export type Shape = readonly number[];
export type Data = Float32Array | Int32Array | BigInt64Array | Uint8Array;

type None = Record<never, never>;
export type ConvAttrs = {
  readonly strides: readonly number[];
  /** Begin pads of every spatial axis, then end pads (ONNX order). */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
};

/** Every operator of the algebra with its attributes: the rule tables of this library are total over these keys. */
export interface Ops {
  Input: { readonly name: string; readonly shape: Shape; readonly dtype: DType };
  Constant: { readonly data: Data; readonly shape: Shape; readonly dtype: DType; readonly digest: string };
  Neg: None;
  Abs: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Sin: None;
  Cos: None;
  Tanh: None;
  Sigmoid: None;
  Softplus: None;
  Erf: None;
  Floor: None;
  StopGradient: None;
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Pow: None;
  Max: None;
  Min: None;
  Equal: None;
  Less: None;
  LessOrEqual: None;
  And: None;
  Not: None;
  Where: None;
  Cast: { readonly to: DType };
  ReduceSum: { readonly axes: readonly number[]; readonly keepdims: boolean };
  ReduceMax: { readonly axes: readonly number[]; readonly keepdims: boolean };
  Softmax: { readonly axis: number };
  MatMul: None;
  Conv: ConvAttrs;
  ConvTranspose: ConvAttrs & { readonly outputPadding: readonly number[] };
  /** The weight gradient of Conv from (x, g); not an ONNX operator, so a lowering always replaces it. */
  ConvWeightGrad: ConvAttrs & { readonly kernel: readonly number[] };
  Reshape: { readonly shape: Shape };
  Transpose: { readonly perm: readonly number[] };
  Slice: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly axes: readonly number[];
    readonly steps: readonly number[];
  };
  Pad: { readonly pads: readonly number[]; readonly value: number };
  Concat: { readonly axis: number };
  Expand: { readonly shape: Shape };
  Gather: { readonly axis: number };
  /** Nearest-neighbour enlargement of the spatial axes of [N,C,...] by whole factors. */
  UpsampleNearest: { readonly scales: readonly number[] };
  /** [N,C,H,W] -> the same numbers in blocked order, see `Blocked`. */
  ToBlocked: Blocked;
  /** The way back, for the first `channels` channels. */
  FromBlocked: Blocked & { readonly channels: number };
  /** Conv of blocked x and packed weight (lower/blocked/weights.ts), then + bias [O] and + sum (blocked), if any. */
  BlockedConv: Blocked & ConvAttrs & { readonly bias: boolean; readonly sum: boolean };
  /** The product of two matrices, of which each may be used transposed, plus a bias [n] if there is one. Only lowerings make it. */
  Gemm: { readonly transA: boolean; readonly transB: boolean };
  /** x [N,C,...], scale [C], offset [C], zeros [C], ones [C] -> scale·x + offset. Only lowerings make it. */
  ChannelAffine: None;
  /** The part number `index` of the given sizes along an axis; all parts of one tensor are one kernel's. Only lowerings make it. */
  Part: { readonly axis: number; readonly sizes: readonly number[]; readonly index: number };
  /**
   * Rows x [...,D] and ones [D] -> one of three results of the same kernel: (x - mean)·r, or [...,1] the mean or r = 1/sqrt(variance + eps).
   * Only lowerings make it.
   */
  NormalizedRows: { readonly eps: number; readonly result: "values" | "mean" | "inverse" };
}

/**
 * Operators that only lowerings make: their tensors say [N,C,H,W] and hold the elements of [N,C/block,H,W,block], which is the
 * layout that ONNX Runtime's CPU kernels convolve fastest. Pointwise operators, and slices and concatenations of whole
 * blocks of channels, mean the same in both orders.
 */
interface Blocked {
  readonly block: number;
}

export type OpType = keyof Ops;

export interface Tensor<K extends OpType = OpType> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly Tensor[];
  readonly attrs: Ops[K];
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

// Hash-consing: weak, so that a graph lives only as long as somebody holds it.
const interned = new Map<string, WeakRef<Tensor>>();
const registry = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});
let nextId = 0;

/** The node with this structure: the existing one when it is alive, a new one of type `type()` otherwise. */
export function intern<K extends OpType>(
  op: K,
  inputs: readonly Tensor[],
  attrs: Ops[K],
  type: () => TensorType,
): Tensor<K> {
  const key = `${op}${describe(attrs)}${inputs.map((input) => input.id).join()}`;
  const known = interned.get(key)?.deref();
  if (known) return known as Tensor<K>;
  const node: Tensor<K> = Object.freeze({ id: nextId++, op, inputs, attrs, ...type() });
  interned.set(key, new WeakRef(node));
  registry.register(node, key);
  return node;
}

/** Attributes as JSON in which every number can be told apart; a constant's digest stands for its data. */
export function describe(attrs: Ops[OpType]): string {
  return JSON.stringify(attrs, (name, value: unknown) => {
    if (name === "data") return undefined;
    if (Object.is(value, -0)) return "-0";
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  });
}

export function isOp<K extends OpType>(node: Tensor, op: K): node is Tensor<K> {
  return node.op === op;
}
