// The public operators: functions of tensors that normalise their arguments, drop what does nothing, and build one node.

import { sizeOf } from "../../artifact/shape.ts";
import { constant, scalar, scalarValue } from "./constant.ts";
import { apply } from "./infer.ts";
import { mismatch, normalizeAxes, spread } from "./shapes.ts";
import { type ConvAttrs, type DType, isOp, type Shape, type Tensor } from "./tensor.ts";

/** A tensor, or a number that stands for a float scalar. */
export type Operand = Tensor | number;

const tensorOf = (x: Operand): Tensor => (typeof x === "number" ? scalar(x) : x);
/** Whether x is this number and does not change the shape of what it is combined with. */
const isNumber = (x: Tensor, value: number, beside: Tensor) =>
  scalarValue(x) === value && x.shape.length <= beside.shape.length;

export function add(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (isNumber(y, 0, x)) return x;
  return isNumber(x, 0, y) ? y : apply("Add", [x, y], {});
}

export function sub(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (isNumber(y, 0, x)) return x;
  return isNumber(x, 0, y) ? neg(y) : apply("Sub", [x, y], {});
}

export function mul(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (isNumber(y, 1, x)) return x;
  return isNumber(x, 1, y) ? y : apply("Mul", [x, y], {});
}

export function div(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  return isNumber(y, 1, x) ? x : apply("Div", [x, y], {});
}

/** a to the power of b, 1 where b is 0; the gradient with respect to b needs a > 0. */
export function pow(a: Operand, b: Operand): Tensor {
  const [x, y] = [tensorOf(a), tensorOf(b)];
  if (isNumber(y, 0, x)) return expand(scalar(1), x.shape);
  return isNumber(y, 1, x) ? x : apply("Pow", [x, y], {});
}

export const maximum = (a: Operand, b: Operand): Tensor => apply("Max", [tensorOf(a), tensorOf(b)], {});
export const minimum = (a: Operand, b: Operand): Tensor => apply("Min", [tensorOf(a), tensorOf(b)], {});
export const clip = (x: Tensor, low: number, high: number): Tensor => minimum(maximum(x, low), high);

export function neg(x: Tensor): Tensor {
  return isOp(x, "Neg") ? x.inputs[0]! : apply("Neg", [x], {});
}

export const abs = (x: Tensor): Tensor => apply("Abs", [x], {});
export const exp = (x: Tensor): Tensor => apply("Exp", [x], {});
export const log = (x: Tensor): Tensor => apply("Log", [x], {});
export const sqrt = (x: Tensor): Tensor => apply("Sqrt", [x], {});
export const sin = (x: Tensor): Tensor => apply("Sin", [x], {});
export const cos = (x: Tensor): Tensor => apply("Cos", [x], {});
export const tanh = (x: Tensor): Tensor => apply("Tanh", [x], {});
export const sigmoid = (x: Tensor): Tensor => apply("Sigmoid", [x], {});
export const softplus = (x: Tensor): Tensor => apply("Softplus", [x], {});
export const erf = (x: Tensor): Tensor => apply("Erf", [x], {});
export const floor = (x: Tensor): Tensor => apply("Floor", [x], {});
export const square = (x: Tensor): Tensor => mul(x, x);
/** The value of x, a constant for differentiation. */
export const stopGradient = (x: Tensor): Tensor => apply("StopGradient", [x], {});

export const equal = (a: Operand, b: Operand): Tensor => apply("Equal", [tensorOf(a), tensorOf(b)], {});
export const less = (a: Operand, b: Operand): Tensor => apply("Less", [tensorOf(a), tensorOf(b)], {});
export const lessOrEqual = (a: Operand, b: Operand): Tensor =>
  apply("LessOrEqual", [tensorOf(a), tensorOf(b)], {});
export const greater = (a: Operand, b: Operand): Tensor => less(b, a);
export const greaterOrEqual = (a: Operand, b: Operand): Tensor => lessOrEqual(b, a);
export const and = (a: Tensor, b: Tensor): Tensor => apply("And", [a, b], {});
export const not = (x: Tensor): Tensor => apply("Not", [x], {});
export const where = (condition: Tensor, x: Operand, y: Operand): Tensor =>
  apply("Where", [condition, tensorOf(x), tensorOf(y)], {});

export function cast(x: Tensor, to: DType): Tensor {
  return x.dtype === to ? x : apply("Cast", [x], { to });
}

export interface ReduceOptions {
  /** Axes to reduce, all when absent; negative ones count from the end. */
  readonly axes?: readonly number[];
  readonly keepdims?: boolean;
}

function reduce(op: "ReduceSum" | "ReduceMax", x: Tensor, { axes, keepdims = false }: ReduceOptions): Tensor {
  const all = axes ?? [...x.shape.keys()];
  const normal = normalizeAxes(op, x.shape.length, all).sort((a, b) => a - b);
  return normal.length === 0 ? x : apply(op, [x], { axes: normal, keepdims });
}

export const sum = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce("ReduceSum", x, options);
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => reduce("ReduceMax", x, options);
export const min = (x: Tensor, options: ReduceOptions = {}): Tensor => neg(max(neg(x), options));

export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const total = sum(x, options);
  return mul(total, sizeOf(total.shape) / sizeOf(x.shape));
}

export function softmax(x: Tensor, axis = -1): Tensor {
  return apply("Softmax", [x], { axis: normalizeAxes("softmax", x.shape.length, [axis])[0]! });
}

/** Matrix products of the last two axes; the leading axes broadcast. */
export const matmul = (a: Tensor, b: Tensor): Tensor => apply("MatMul", [a, b], {});

export interface ConvOptions {
  /** One number for all spatial axes, or one each. */
  readonly stride?: number | readonly number[];
  /** One number, or begin pads of every spatial axis followed by end pads. */
  readonly padding?: number | readonly number[];
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}

function convAttrs(x: Tensor, { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions): ConvAttrs {
  const n = x.shape.length - 2;
  return {
    strides: spread("stride", stride, n),
    pads: spread("padding", padding, 2 * n),
    dilations: spread("dilation", dilation, n),
    group: groups,
  };
}

/** Cross-correlation of x [N,C,...] with weight [O,C/groups,...] and an optional bias [O]. */
export function conv(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  return apply("Conv", bias ? [x, weight, bias] : [x, weight], convAttrs(x, options));
}

/** The adjoint of `conv` in x: x [N,O,...], weight [O,C/groups,...] -> [N,C,...]. */
export function convTranspose(
  x: Tensor,
  weight: Tensor,
  options: ConvOptions & { readonly outputPadding?: number | readonly number[] } = {},
): Tensor {
  const outputPadding = spread("outputPadding", options.outputPadding ?? 0, x.shape.length - 2);
  return apply("ConvTranspose", [x, weight], { ...convAttrs(x, options), outputPadding });
}

export function reshape(x: Tensor, shape: Shape): Tensor {
  const source = isOp(x, "Reshape") ? x.inputs[0]! : x;
  const known = shape.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const full = shape.map((n) => (n === -1 ? sizeOf(x.shape) / known : n));
  if (source.shape.join() === full.join()) return source;
  const value = sizeOf(full) === 1 ? scalarValue(source) : undefined;
  return value === undefined
    ? apply("Reshape", [source], { shape: full })
    : constant(Float32Array.of(value), full);
}

/** A number per sample, [N], as [N,1,…], which broadcasts over x [N,…]. */
export const perSample = (values: Tensor, x: Tensor): Tensor =>
  reshape(values, [-1, ...x.shape.slice(1).map(() => 1)]);

/** Permutes the axes: axis i of the result is axis perm[i] of x; reverses all of them when perm is absent. */
export function transpose(x: Tensor, perm: readonly number[] = [...x.shape.keys()].reverse()): Tensor {
  if (perm.length !== x.shape.length)
    mismatch("transpose", `a permutation of ${x.shape.length} axes`, `[${perm}]`);
  const axes = normalizeAxes("transpose", x.shape.length, perm);
  if (isOp(x, "Transpose")) {
    const { perm: first } = x.attrs;
    return transpose(
      x.inputs[0]!,
      axes.map((axis) => first[axis]!),
    );
  }
  // Axes of one element may stand anywhere.
  const moved = axes.filter((axis) => x.shape[axis] !== 1);
  const inOrder = moved.every((axis, i) => i === 0 || axis > moved[i - 1]!);
  if (!inOrder) return apply("Transpose", [x], { perm: axes });
  return reshape(
    x,
    axes.map((axis) => x.shape[axis]!),
  );
}

export interface SliceRange {
  readonly axis: number;
  /** Python's start:end:step: negative positions count from the end, absent ones take all. */
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

/** Python-like slices of one or more axes, with negative steps. */
export function slice(x: Tensor, ...ranges: readonly SliceRange[]): Tensor {
  const axes = normalizeAxes(
    "slice",
    x.shape.length,
    ranges.map((range) => range.axis),
  );
  const bounds = ranges.map((range, i) => sliceBounds(x.shape[axes[i]!]!, range));
  const whole = bounds.every(
    ([start, end, step], i) =>
      start === 0 && (x.shape[axes[i]!] === 1 ? end !== start : step === 1 && end === x.shape[axes[i]!]),
  );
  if (whole) return x;
  const [starts, ends, steps] = [0, 1, 2].map((part) => bounds.map((bound) => bound[part as 0 | 1 | 2]));
  return apply("Slice", [x], { starts: starts!, ends: ends!, axes, steps: steps! });
}

/** Python's slice.indices: start, end and step within an axis of n elements; end is -1 when a reversed slice takes all. */
function sliceBounds(n: number, { start, end, step = 1 }: SliceRange): [number, number, number] {
  if (!Number.isInteger(step) || step === 0) mismatch("slice", "a step other than 0", String(step));
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const clamp = (position: number) => Math.min(Math.max(position < 0 ? position + n : position, low), high);
  const first = start === undefined ? (step > 0 ? low : high) : clamp(start);
  const last = end === undefined ? (step > 0 ? high : low) : clamp(end);
  const taken = step > 0 ? first < last : first > last;
  return taken ? [first, last, step] : [0, 0, step];
}

export const flip = (x: Tensor, axis: number): Tensor => slice(x, { axis, step: -1 });

/** Adds constant borders; `pads` has the begin pads of every axis, then the end pads; negative ones crop. */
export function pad(x: Tensor, pads: readonly number[], value = 0): Tensor {
  return pads.every((n) => n === 0) ? x : apply("Pad", [x], { pads, value });
}

export function concat(inputs: readonly Tensor[], axis: number): Tensor {
  if (inputs.length === 0) mismatch("concat", "at least one tensor", "none");
  const normal = normalizeAxes("concat", inputs[0]!.shape.length, [axis])[0]!;
  return inputs.length === 1 ? inputs[0]! : apply("Concat", inputs, { axis: normal });
}

/** Parts of the given sizes along an axis. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const [normal] = normalizeAxes("split", x.shape.length, [axis]);
  const total = sizes.reduce((a, b) => a + b, 0);
  if (total !== x.shape[normal!]) mismatch("split", `sizes that add up to ${x.shape[normal!]}`, `[${sizes}]`);
  return sizes.map((n, i) => {
    const start = sizes.slice(0, i).reduce((a, b) => a + b, 0);
    return slice(x, { axis, start, end: start + n });
  });
}

export function expand(x: Tensor, shape: Shape): Tensor {
  return x.shape.join() === shape.join() ? x : apply("Expand", [x], { shape });
}

/** Takes slices of x along an axis by whole-number indices of any shape; negative ones count from the end. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  return apply("Gather", [x, indices], { axis: normalizeAxes("gather", x.shape.length, [axis])[0]! });
}

/** Indices [...] in 0..depth-1 -> float [..., depth] with a one at the index; all zeros for any other index. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  const classes = Int32Array.from({ length: depth }, (_, i) => i);
  return cast(equal(reshape(cast(indices, "int32"), [...indices.shape, 1]), constant(classes)), "float32");
}

export function upsampleNearest(x: Tensor, scale: number | readonly number[]): Tensor {
  const scales = spread("upsampleNearest", scale, x.shape.length - 2);
  return scales.every((n) => n === 1) ? x : apply("UpsampleNearest", [x], { scales });
}
