// Every operator on ONNX Runtime agrees with the float64 evaluator, over random shapes and options.
import { describe, expect, test } from "bun:test";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import * as ops from "../../../lib/author/graph/ops.ts";
import type { DType, Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { type RandomStream, stream } from "../../../lib/random.ts";
import { expectAgreement, randomFeeds, randomValue } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import {
  between,
  broadcastable,
  permutation,
  pick,
  randomConv,
  randomShape,
} from "../../support/random-shapes.ts";

/** A source of fresh inputs and choices for one random expression. */
interface Draw {
  readonly random: RandomStream;
  readonly tensor: (shape: Shape, dtype?: DType) => Tensor;
  readonly any: (low?: number) => Tensor;
}

function draw(seed: number): Draw {
  const random = stream(seed, "operator tests");
  let inputs = 0;
  const tensor = (shape: Shape, dtype: DType = "float32") =>
    input(`x${seed}_${dtype}_${inputs++}`, shape, dtype);
  return { random, tensor, any: (low = 0) => tensor(randomShape(random, between(random, low, 4))) };
}

const unary =
  (f: (x: Tensor) => Tensor) =>
  ({ any }: Draw) =>
    f(ops.mul(any(), 3));

const positive = (x: Tensor) => ops.add(ops.abs(x), 0.1);

const binary =
  (f: (a: Tensor, b: Tensor) => Tensor) =>
  ({ any, random, tensor }: Draw) => {
    const a = any();
    const b = tensor(broadcastable(random, a.shape));
    return random.uniform() < 0.5 ? f(a, b) : f(b, a);
  };

const axesOf = (random: RandomStream, rank: number) =>
  permutation(random, rank)
    .slice(0, between(random, 1, rank))
    .map((axis) => (random.uniform() < 0.5 ? axis : axis - rank));

const reduction =
  (f: (x: Tensor, options: ops.ReduceOptions) => Tensor) =>
  ({ any, random }: Draw) => {
    const x = any(1);
    if (random.uniform() < 0.2) return f(x, {});
    return f(x, { axes: axesOf(random, x.shape.length), keepdims: random.uniform() < 0.5 });
  };

/** Ties happen when values are rounded. */
const rounded = (x: Tensor) => ops.floor(x);

function randomSlice({ random, any }: Draw): Tensor {
  const x = any(1);
  const ranges = permutation(random, x.shape.length).map((axis) => {
    const bound = () => between(random, -x.shape[axis]! - 1, x.shape[axis]! + 1);
    return {
      axis,
      ...(random.uniform() < 0.7 && { start: bound() }),
      ...(random.uniform() < 0.7 && { end: bound() }),
      step: pick(random, [1, 2, 3, -1, -2]),
    };
  });
  return ops.slice(x, ...ranges);
}

function randomPad({ random, any }: Draw): Tensor {
  const x = any(1);
  const side = () => x.shape.map((n) => between(random, -Math.floor((n - 1) / 2), 2));
  return ops.pad(x, [...side(), ...side()], random.normal());
}

const convolution =
  (dimensions: number) =>
  ({ random, tensor }: Draw) => {
    const { x, weight, options } = randomConv(random, dimensions);
    const bias = random.uniform() < 0.5 ? tensor([weight[0]!]) : undefined;
    return ops.conv(tensor(x), tensor(weight), bias, options);
  };

const transposedConvolution =
  (dimensions: number) =>
  ({ random, tensor }: Draw) => {
    const { x, weight, options } = randomConv(random, dimensions);
    const outputPadding = options.stride.map((stride) => random.integer(stride));
    return ops.convTranspose(tensor(x.with(1, weight[0]!)), tensor(weight), { ...options, outputPadding });
  };

function gather({ random, any }: Draw): Tensor {
  const x = any(1);
  const axis = random.integer(x.shape.length);
  const depth = x.shape[axis]!;
  const shape = randomShape(random, random.integer(3));
  const indices = randomValue(shape, random.integer(1e6), depth).data;
  return ops.gather(x, constant(Int32Array.from(Array.from(indices)), shape), axis);
}

function matmul({ random, tensor }: Draw): Tensor {
  const batch = randomShape(random, random.integer(3), 3);
  const [m, k, n] = randomShape(random, 3, 5);
  const other = broadcastable(random, batch);
  return random.uniform() < 0.5
    ? ops.matmul(tensor([...batch, m!, k!]), tensor([...other, k!, n!]))
    : ops.matmul(tensor([...other, m!, k!]), tensor([...batch, k!, n!]));
}

const expressions: Record<string, (draw: Draw) => Tensor> = {
  add: binary(ops.add),
  sub: binary(ops.sub),
  mul: binary(ops.mul),
  div: binary((a, b) => ops.div(a, positive(b))),
  pow: binary((a, b) => ops.pow(positive(a), b)),
  maximum: binary(ops.maximum),
  minimum: binary(ops.minimum),
  clip: unary((x) => ops.clip(x, -1, 0.5)),
  neg: unary(ops.neg),
  abs: unary(ops.abs),
  exp: unary(ops.exp),
  log: unary((x) => ops.log(positive(x))),
  sqrt: unary((x) => ops.sqrt(positive(x))),
  sin: unary(ops.sin),
  cos: unary(ops.cos),
  tanh: unary(ops.tanh),
  sigmoid: unary(ops.sigmoid),
  softplus: unary((x) => ops.softplus(ops.mul(x, 10))),
  erf: unary(ops.erf),
  floor: unary(ops.floor),
  square: unary(ops.square),
  stopGradient: unary(ops.stopGradient),
  equal: binary((a, b) => ops.equal(rounded(a), rounded(b))),
  less: binary((a, b) => ops.less(rounded(a), rounded(b))),
  lessOrEqual: binary((a, b) => ops.lessOrEqual(rounded(a), rounded(b))),
  greater: binary((a, b) => ops.greater(rounded(a), rounded(b))),
  greaterOrEqual: binary((a, b) => ops.greaterOrEqual(rounded(a), rounded(b))),
  and: binary((a, b) => ops.and(ops.less(a, 0.5), ops.less(b, 0.5))),
  not: unary((x) => ops.not(ops.less(x, 0))),
  where: binary((a, b) => ops.where(ops.less(a, b), ops.mul(a, 2), b)),
  "where on a broadcast condition": ({ tensor }) =>
    ops.where(ops.less(tensor([3, 1]), 0), tensor([4]), tensor([2, 1, 1])),
  "cast to int32": unary((x) => ops.cast(x, "int32")),
  "cast to bool": unary((x) => ops.cast(rounded(x), "bool")),
  "cast to int64 and back": unary((x) => ops.cast(ops.cast(x, "int64"), "float32")),
  sum: reduction(ops.sum),
  mean: reduction(ops.mean),
  max: reduction(ops.max),
  min: reduction(ops.min),
  softmax: ({ any, random }) => {
    const x = any(1);
    return ops.softmax(ops.mul(x, 3), random.integer(x.shape.length));
  },
  matmul,
  "conv 1D": convolution(1),
  "conv 2D": convolution(2),
  "conv 3D": convolution(3),
  "depthwise conv": ({ tensor }) =>
    ops.conv(tensor([2, 6, 7, 5]), tensor([12, 1, 3, 3]), tensor([12]), {
      groups: 6,
      padding: [1, 0, 2, 1],
      stride: [2, 1],
    }),
  "convTranspose 1D": transposedConvolution(1),
  "convTranspose 2D": transposedConvolution(2),
  "convTranspose 3D": transposedConvolution(3),
  reshape: ({ any }) => {
    const x = any(1);
    return ops.reshape(ops.neg(x), [-1, x.shape[0]!]);
  },
  perSample: ({ any, tensor }) => {
    const x = any(1);
    return ops.mul(ops.perSample(tensor([x.shape[0]!]), x), x);
  },
  transpose: ({ any, random }) => {
    const x = any(1);
    return ops.transpose(x, permutation(random, x.shape.length));
  },
  slice: randomSlice,
  flip: ({ any, random }) => {
    const x = any(1);
    return ops.flip(x, random.integer(x.shape.length));
  },
  pad: randomPad,
  concat: ({ any, random, tensor }) => {
    const x = any(1);
    const axis = random.integer(x.shape.length);
    const others = randomShape(random, 2).map((n) => tensor(x.shape.with(axis, n)));
    return ops.concat([x, ...others], axis - x.shape.length);
  },
  split: ({ tensor }) => {
    const [a, b, c] = ops.split(tensor([2, 7, 2]), [3, 1, 3], -2);
    return ops.add(ops.mul(a!, b!), c!);
  },
  expand: ({ any, random, tensor }) => {
    const { shape } = any();
    return ops.expand(tensor(broadcastable(random, shape)), shape);
  },
  gather,
  oneHot: ({ tensor }) => ops.oneHot(ops.cast(ops.mul(ops.sigmoid(tensor([3, 2])), 4), "int32"), 4),
  "upsampleNearest 1D": ({ tensor, random }) => ops.upsampleNearest(tensor(randomShape(random, 3)), 3),
  "upsampleNearest 2D": ({ tensor, random }) => ops.upsampleNearest(tensor(randomShape(random, 4)), [2, 3]),
  "upsampleNearest 3D": ({ tensor }) => ops.upsampleNearest(tensor([1, 2, 2, 3, 2]), [2, 1, 3]),
};

describe("ONNX Runtime agrees with the evaluator", () => {
  test.each(Object.entries(expressions))("%s", async (_, expression) => {
    await expectAgreement(Array.from({ length: 12 }, (_, seed) => expression(draw(seed))));
  });

  test("every public operator has a case", () => {
    const source = Object.values(expressions).map(String).join();
    const named = (name: string) =>
      source.includes(`ops.${name}(`) || Object.keys(expressions).some((key) => key.split(" ")[0] === name);
    expect(Object.keys(ops).filter((name) => !named(name))).toEqual([]);
  });
});

describe("closed forms", () => {
  const value = (node: Tensor, ...data: number[]) => [
    ...evaluate([node], { x: { data, shape: [data.length] } })[0]!,
  ];
  const x = input("x", [5]);

  test("slices are Python's", () => {
    const of = (range: Omit<ops.SliceRange, "axis">) =>
      value(ops.slice(x, { axis: 0, ...range }), 0, 1, 2, 3, 4);
    expect(of({ start: -2 })).toEqual([3, 4]);
    expect(of({ end: -1, step: 2 })).toEqual([0, 2]);
    expect(of({ step: -1 })).toEqual([4, 3, 2, 1, 0]);
    expect(of({ start: 3, end: 0, step: -2 })).toEqual([3, 1]);
    expect(of({ start: 10, end: -10, step: -2 })).toEqual([4, 2, 0]);
    expect(of({ start: 3, end: 1 })).toEqual([]);
    expect(of({ start: 1, end: 3, step: -1 })).toEqual([]);
  });

  test("mean, min, oneHot, split", () => {
    expect(value(ops.mean(x), 1, 2, 3, 4, 5)[0]).toBeCloseTo(3, 6);
    expect(value(ops.min(x), 3, -1, 7, 0, 2)).toEqual([-1]);
    expect(value(ops.oneHot(ops.cast(x, "int32"), 3), 2, 0, 1, 2, 5)).toEqual(
      [
        [0, 0, 1],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
      ].flat(),
    );
    const [a, b] = ops.split(x, [2, 3], 0);
    expect(value(a!, 1, 2, 3, 4, 5)).toEqual([1, 2]);
    expect(value(b!, 1, 2, 3, 4, 5)).toEqual([3, 4, 5]);
  });

  test("integer gather indices that are fed", async () => {
    const table = input("table", [5, 2]);
    const at = input("at", [2, 3], "int64");
    const y = ops.gather(table, at);
    await expectAgreement([y], { ...randomFeeds([table]), at: randomValue([2, 3], 7, 5) });
  });
});
