// An independent evaluator of expressions in float64: plain loops that share nothing with the library but its types.
import type { Ops, OpType, Shape, Tensor } from "../../lib/author/graph/tensor.ts";

export interface Value {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}
export type Feeds = Readonly<Record<string, Value>>;

/** The outputs' elements in row-major order; true and false are 1 and 0. */
export function evaluate(outputs: readonly Tensor[], feeds: Feeds): Float64Array[] {
  const values = new Map<Tensor, Value>();
  const resultOf = (node: Tensor): Value => {
    const known = values.get(node);
    if (known) return known;
    const rule = rules[node.op] as Rule<typeof node.op>;
    const value = rule(node.inputs.map(resultOf), node.attrs, feeds, node.op);
    if (value.shape.join() !== node.shape.join())
      throw new Error(`evaluate: ${node.op} has shape [${value.shape}], its node says [${node.shape}]`);
    values.set(node, value);
    return value;
  };
  return outputs.map((node) => Float64Array.from(resultOf(node).data));
}

type Rule<K extends OpType> = (inputs: readonly Value[], attrs: Ops[K], feeds: Feeds, op: K) => Value;

const count = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** All coordinates of a shape in row-major order. */
function* coordinates(shape: Shape): Generator<number[]> {
  const at = shape.map(() => 0);
  for (let i = 0; i < count(shape); i++) {
    yield at;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at[axis]!++;
      if (at[axis]! < shape[axis]!) break;
      at[axis] = 0;
    }
  }
}

const inside = (at: readonly number[], shape: Shape) => at.every((p, axis) => p >= 0 && p < shape[axis]!);

const offset = (at: readonly number[], shape: Shape) =>
  at.reduce((sum, p, axis) => sum * shape[axis]! + p, 0);

/** The element at exactly these coordinates, 0 outside. */
const read = ({ data, shape }: Value, at: readonly number[]) =>
  inside(at, shape) ? data[offset(at, shape)]! : 0;

/** The element that broadcasting puts at these coordinates of a larger shape. */
const readBroadcast = (value: Value, at: readonly number[]) => {
  const lead = at.length - value.shape.length;
  return read(
    value,
    value.shape.map((n, axis) => (n === 1 ? 0 : at[axis + lead]!)),
  );
};

function build(shape: Shape, element: (at: readonly number[]) => number): Value {
  const data: number[] = [];
  for (const at of coordinates(shape)) data.push(element(at));
  return { data, shape };
}

function broadcast(inputs: readonly Value[]): number[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = inputs.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
    return sizes.includes(0) ? 0 : Math.max(...sizes);
  });
}

const elementwise =
  (f: (...values: number[]) => number) =>
  (inputs: readonly Value[]): Value =>
    build(broadcast(inputs), (at) => f(...inputs.map((value) => readBroadcast(value, at))));

/** erf(x) = 2/sqrt(pi) e^-x² sum of 2^n x^(2n+1) / (2n+1)!!, whose terms have one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, total] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    total += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

const reduction =
  (start: number, f: (a: number, b: number) => number) =>
  ([x]: readonly Value[], { axes, keepdims }: Ops["ReduceSum"]): Value => {
    const shape = x!.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const data = Array<number>(count(shape)).fill(start);
    for (const at of coordinates(x!.shape)) {
      const to = offset(
        at.map((p, axis) => (axes.includes(axis) ? 0 : p)),
        shape,
      );
      data[to] = f(data[to]!, read(x!, at));
    }
    return { data, shape: keepdims ? shape : shape.filter((_, axis) => !axes.includes(axis)) };
  };

function softmax([x]: readonly Value[], { axis }: Ops["Softmax"]): Value {
  const along = (at: readonly number[]) =>
    Array.from({ length: x!.shape[axis]! }, (_, p) => read(x!, at.with(axis, p)));
  return build(x!.shape, (at) => {
    const total = along(at).reduce((sum, other) => sum + Math.exp(other - read(x!, at)), 0);
    return 1 / total;
  });
}

function matmul([a, b]: readonly Value[]): Value {
  const [m, k] = a!.shape.slice(-2);
  const batch = (value: Value): Value => ({ data: [], shape: value.shape.slice(0, -2) });
  const shape = [...broadcast([batch(a!), batch(b!)]), m!, b!.shape.at(-1)!];
  return build(shape, (at) => {
    const [lead, row, column] = [at.slice(0, -2), at.at(-2)!, at.at(-1)!];
    const part = (value: Value, ...end: number[]) => {
      const own = value.shape.slice(0, -2);
      const start = own.map((n, axis) => (n === 1 ? 0 : lead[axis + lead.length - own.length]!));
      return read(value, [...start, ...end]);
    };
    let total = 0;
    for (let i = 0; i < k!; i++) total += part(a!, row, i) * part(b!, i, column);
    return total;
  });
}

type Windows = Ops["Conv"];

/** Where tap k of the window at output position p reads. */
const reads = (p: readonly number[], k: readonly number[], { strides, pads, dilations }: Windows) =>
  p.map((position, i) => position * strides[i]! - pads[i]! + k[i]! * dilations[i]!);

const windowCount = (size: Shape, kernel: Shape, { strides, pads, dilations }: Windows) =>
  size.map((n, i) => {
    const room = n + pads[i]! + pads[i + size.length]! - (kernel[i]! - 1) * dilations[i]!;
    return Math.ceil(room / strides[i]!);
  });

function conv([x, weight, bias]: readonly Value[], attrs: Windows): Value {
  const [out, perGroup, ...kernel] = weight!.shape;
  const shape = [x!.shape[0]!, out!, ...windowCount(x!.shape.slice(2), kernel, attrs)];
  return build(shape, ([n, o, ...p]) => {
    const first = Math.floor((o! * attrs.group) / out!) * perGroup!;
    let total = bias ? bias.data[o!]! : 0;
    for (const [c, ...k] of coordinates([perGroup!, ...kernel]))
      total += read(weight!, [o!, c!, ...k]) * read(x!, [n!, first + c!, ...reads(p, k, attrs)]);
    return total;
  });
}

function convTranspose([x, weight]: readonly Value[], attrs: Ops["ConvTranspose"]): Value {
  const [channels, perGroup, ...kernel] = weight!.shape;
  const { strides, pads, dilations, outputPadding, group } = attrs;
  const size = x!.shape.slice(2).map((n, i) => {
    const full = (n - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 + outputPadding[i]!;
    return full - pads[i]! - pads[i + kernel.length]!;
  });
  const shape = [x!.shape[0]!, perGroup! * group, ...size];
  const data = Array<number>(count(shape)).fill(0);
  for (const [n, c, ...p] of coordinates(x!.shape))
    for (const [o, ...k] of coordinates([perGroup!, ...kernel])) {
      const to = [n!, Math.floor((c! * group) / channels!) * perGroup! + o!, ...reads(p, k, attrs)];
      if (inside(to, shape))
        data[offset(to, shape)]! += read(x!, [n!, c!, ...p]) * read(weight!, [c!, o!, ...k]);
    }
  return { data, shape };
}

function convWeightGrad([x, g]: readonly Value[], attrs: Ops["ConvWeightGrad"]): Value {
  const [out, perGroup] = [g!.shape[1]!, x!.shape[1]! / attrs.group];
  return build([out, perGroup, ...attrs.kernel], ([o, c, ...k]) => {
    const channel = Math.floor((o! * attrs.group) / out) * perGroup + c!;
    let total = 0;
    for (const [n, ...p] of coordinates([g!.shape[0]!, ...g!.shape.slice(2)]))
      total += read(g!, [n!, o!, ...p]) * read(x!, [n!, channel, ...reads(p, k, attrs)]);
    return total;
  });
}

function slice([x]: readonly Value[], { starts, ends, axes, steps }: Ops["Slice"]): Value {
  const kept = x!.shape.map((n) => Array.from({ length: n }, (_, p) => p));
  axes.forEach((axis, i) => {
    const [positions, step] = [[] as number[], steps[i]!];
    for (let p = starts[i]!; step > 0 ? p < ends[i]! : p > ends[i]!; p += step) positions.push(p);
    kept[axis] = positions;
  });
  return build(
    kept.map(({ length }) => length),
    (at) =>
      read(
        x!,
        at.map((p, axis) => kept[axis]![p]!),
      ),
  );
}

function pad([x]: readonly Value[], { pads, value }: Ops["Pad"]): Value {
  const rank = x!.shape.length;
  const shape = x!.shape.map((n, axis) => n + pads[axis]! + pads[axis + rank]!);
  return build(shape, (at) => {
    const from = at.map((p, axis) => p - pads[axis]!);
    return inside(from, x!.shape) ? read(x!, from) : value;
  });
}

function concat(inputs: readonly Value[], { axis }: Ops["Concat"]): Value {
  const owners = inputs.flatMap((x) => Array.from({ length: x.shape[axis]! }, (_, p) => ({ x, p })));
  return build(inputs[0]!.shape.with(axis, owners.length), (at) => {
    const { x, p } = owners[at[axis]!]!;
    return read(x, at.with(axis, p));
  });
}

function gather([x, indices]: readonly Value[], { axis }: Ops["Gather"]): Value {
  const rank = indices!.shape.length;
  return build(x!.shape.toSpliced(axis, 1, ...indices!.shape), (at) => {
    const index = read(indices!, at.slice(axis, axis + rank));
    return read(x!, at.toSpliced(axis, rank, index < 0 ? index + x!.shape[axis]! : index));
  });
}

/** The elements of plain [N,C,H,W] where `x` holds those of [N,C/b,H,W,b], and the way back. */
function unblocked({ data, shape }: Value, b: number): Value {
  const [n, c, h, w] = shape as [number, number, number, number];
  const blocks = { data, shape: [n, c / b, h, w, b] };
  return build(shape, ([i, channel, y, x]) =>
    read(blocks, [i!, Math.floor(channel! / b), y!, x!, channel! % b]),
  );
}

function toBlocked([x]: readonly Value[], { block }: Ops["ToBlocked"]): Value {
  const [n, c, h, w] = x!.shape as [number, number, number, number];
  const { data } = build([n, c / block, h, w, block], ([i, k, y, q, r]) =>
    read(x!, [i!, k! * block + r!, y!, q!]),
  );
  return { data, shape: [n, c, h, w] };
}

function fromBlocked([x]: readonly Value[], { block, channels }: Ops["FromBlocked"]): Value {
  const plain = unblocked(x!, block);
  const [n, , h, w] = plain.shape;
  return build([n!, channels, h!, w!], (at) => read(plain, at));
}

/** The plain weight of a packed one: [O/b,I/b,kh,kw,b,b], [O/b,I,kh,kw,b] of few inputs, or depthwise as it is. */
function unpacked({ data, shape }: Value, { block: b, group }: Ops["BlockedConv"]): Value {
  if (group > 1 && shape[1] === 1) return { data, shape };
  const [o, i, h, w] = shape as [number, number, number, number];
  const inner = i < b ? 1 : b;
  const blocks = { data, shape: [o / b, i / inner, h, w, inner, b] };
  return build(shape, ([to, from, y, x]) =>
    read(blocks, [Math.floor(to! / b), Math.floor(from! / inner), y!, x!, from! % inner, to! % b]),
  );
}

function blockedConv([x, weight, ...rest]: readonly Value[], attrs: Ops["BlockedConv"]): Value {
  const { block, bias, sum } = attrs;
  const plain = attrs.group === 1 && x!.shape[1]! < block ? x! : unblocked(x!, block);
  const result = conv([plain, unpacked(weight!, attrs), ...(bias ? [rest[0]!] : [])], attrs);
  const blocked = toBlocked([result], { block });
  return sum ? elementwise((a, b) => a! + b!)([blocked, rest.at(-1)!]) : blocked;
}

function gemm([a, b, bias]: readonly Value[], { transA, transB }: Ops["Gemm"]): Value {
  const [depth, columns] = transB ? b!.shape.toReversed() : b!.shape;
  const rows = a!.shape[transA ? 1 : 0]!;
  return build([rows, columns!], ([i, j]) => {
    let total = bias ? bias.data[j!]! : 0;
    for (let k = 0; k < depth!; k++)
      total += read(a!, transA ? [k, i!] : [i!, k]) * read(b!, transB ? [j!, k] : [k, j!]);
    return total;
  });
}

function normalizedRows([x, ones]: readonly Value[], { eps, result }: Ops["NormalizedRows"]): Value {
  const width = ones!.data.length;
  const rowOf = (at: readonly number[]) => Array.from({ length: width }, (_, i) => read(x!, at.with(-1, i)));
  const one = (at: readonly number[]) => {
    const row = rowOf(at);
    const mean = row.reduce((a, b) => a + b, 0) / width;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width;
    return { mean, inverse: 1 / Math.sqrt(variance + eps) };
  };
  if (result !== "values") return build(x!.shape.with(-1, 1), (at) => one(at)[result]);
  return build(x!.shape, (at) => (read(x!, at) - one(at).mean) * one(at).inverse);
}

function cast([x]: readonly Value[], { to }: Ops["Cast"]): Value {
  if (to === "float32") return x!;
  return elementwise((value) => (to === "bool" ? Number(value !== 0) : Math.trunc(value)))([x!]);
}

function input(_: readonly Value[], { name, shape }: Ops["Input"], feeds: Feeds): Value {
  const value = feeds[name];
  if (!value || value.shape.join() !== shape.join())
    throw new Error(`evaluate: input ${name} expects [${shape}], got ${value && `[${value.shape}]`}`);
  return value;
}

const rules: { readonly [K in OpType]: Rule<K> } = {
  Input: input,
  Constant: (_, { data, shape }) => ({ data: Array.from(data as ArrayLike<number | bigint>, Number), shape }),
  Neg: elementwise((x) => -x),
  Abs: elementwise(Math.abs),
  Exp: elementwise(Math.exp),
  Log: elementwise(Math.log),
  Sqrt: elementwise(Math.sqrt),
  Sin: elementwise(Math.sin),
  Cos: elementwise(Math.cos),
  Tanh: elementwise(Math.tanh),
  Sigmoid: elementwise((x) => 1 / (1 + Math.exp(-x))),
  Softplus: elementwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Erf: elementwise(erf),
  Floor: elementwise(Math.floor),
  StopGradient: ([x]) => x!,
  Add: elementwise((a, b) => a! + b!),
  Sub: elementwise((a, b) => a! - b!),
  Mul: elementwise((a, b) => a! * b!),
  Div: elementwise((a, b) => a! / b!),
  Pow: elementwise((a, b) => a! ** b!),
  Max: elementwise(Math.max),
  Min: elementwise(Math.min),
  Equal: elementwise((a, b) => Number(a === b)),
  Less: elementwise((a, b) => Number(a! < b!)),
  LessOrEqual: elementwise((a, b) => Number(a! <= b!)),
  And: elementwise((a, b) => Number(a !== 0 && b !== 0)),
  Not: elementwise((a) => Number(a === 0)),
  Where: elementwise((condition, a, b) => (condition ? a! : b!)),
  Cast: cast,
  ReduceSum: reduction(0, (a, b) => a + b),
  ReduceMax: reduction(-Infinity, Math.max),
  Softmax: softmax,
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvWeightGrad: convWeightGrad,
  Reshape: ([x], { shape }) => ({ data: x!.data, shape }),
  Transpose: ([x], { perm }) =>
    build(
      perm.map((axis) => x!.shape[axis]!),
      (at) =>
        read(
          x!,
          x!.shape.map((_, axis) => at[perm.indexOf(axis)]!),
        ),
    ),
  Slice: slice,
  Pad: pad,
  Concat: concat,
  Expand: ([x], { shape }) => build(shape, (at) => readBroadcast(x!, at)),
  Gather: gather,
  UpsampleNearest: ([x], { scales }) =>
    build(
      x!.shape.map((n, axis) => n * (scales[axis - 2] ?? 1)),
      ([n, c, ...p]) => read(x!, [n!, c!, ...p.map((at, i) => Math.floor(at / scales[i]!))]),
    ),
  ToBlocked: toBlocked,
  FromBlocked: fromBlocked,
  BlockedConv: blockedConv,
  Gemm: gemm,
  ChannelAffine: ([x, scale, offset]) =>
    build(x!.shape, (at) => read(x!, at) * scale!.data[at[1]!]! + offset!.data[at[1]!]!),
  Part: ([x], { axis, sizes, index }) =>
    build(x!.shape.with(axis, sizes[index]!), (at) => {
      const before = sizes.slice(0, index).reduce((a, b) => a + b, 0);
      return read(x!, at.with(axis, at[axis]! + before));
    }),
  NormalizedRows: normalizedRows,
};
