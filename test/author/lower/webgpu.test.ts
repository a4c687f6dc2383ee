// Graphs for WebGPU mean what they meant, in float64 and on ONNX Runtime, and take fewer kernels.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import {
  add,
  concat,
  conv,
  div,
  exp,
  matmul,
  mean,
  mul,
  neg,
  reshape,
  slice,
  square,
  sub,
  sum,
  tanh,
  transpose,
} from "../../../lib/author/graph/ops.ts";
import type { OpType, Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { silu } from "../../../lib/author/nn/activations.ts";
import { spatialAttention } from "../../../lib/author/nn/attention.ts";
import { groupNorm } from "../../../lib/author/nn/normalization.ts";
import { Parameters } from "../../../lib/author/nn/parameters.ts";
import { stream } from "../../../lib/random.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";
import { kernels } from "../../support/kernels.ts";
import { between, pick } from "../../support/random-shapes.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const count = (outputs: readonly Tensor[], op: OpType) =>
  topological(outputs).filter((node) => node.op === op).length;

/**
 * Lowered and unlowered expressions agree, in float64 but for constants whose products are rounded to float32, and on ONNX Runtime;
 * answers both numbers of kernels.
 */
async function expectSame(
  outputs: readonly Tensor[],
  feeds: Feeds = randomFeeds(outputs),
): Promise<{ readonly before: number; readonly after: number }> {
  const lowered = lower(outputs, "webgpu");
  const wanted = evaluate(outputs, feeds);
  for (const [i, got] of evaluate(lowered, feeds).entries())
    expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-7);
  for (const [i, got] of (await runOnnx(outputs, feeds, "webgpu")).entries())
    expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-5);
  return { before: kernels(lower(outputs)), after: kernels(lowered) };
}

describe("group normalisation", () => {
  const [weight, bias] = [input("weight", [6]), input("bias", [6])];

  /** With its gradients in everything. */
  function normalized(shape: Shape, groups: number, ...affine: readonly (Tensor | undefined)[]): Tensor[] {
    const x = input("x", shape);
    const y = groupNorm(x, groups, ...affine);
    return [y, ...gradient(y, [x, ...affine.filter((each) => each !== undefined)], input("g", shape))];
  }

  test.each([
    ["one group", normalized([2, 6, 3, 2], 1, weight, bias)],
    ["a group for each channel", normalized([3, 6, 3, 5], 6, weight, bias)],
    ["one image", normalized([1, 6, 5, 1], 2, weight, bias)],
    ["no bias", normalized([2, 6, 3, 3], 3, weight)],
    ["nothing learned", normalized([2, 6, 3, 3], 2)],
    ["sequences", normalized([2, 6, 7], 2, weight, bias)],
    ["volumes", normalized([2, 6, 2, 3, 2], 3, weight, bias)],
  ])("%s", async (_, outputs) => {
    const { before, after } = await expectSame(outputs);
    expect(count(lower(outputs, "webgpu"), "NormalizedRows")).toBe(3);
    expect(after).toBeLessThan(before / 1.3);
  });

  test("of images that are bright beside their contrast, as accurately as by differences from the mean", async () => {
    const outputs = normalized([2, 6, 4, 4], 2, weight, bias);
    const feeds = randomFeeds(outputs);
    const x = { ...feeds.x!, data: Array.from(feeds.x!.data, (value) => Math.fround(100 + value)) };
    const [wanted] = evaluate(outputs, { ...feeds, x });
    const [got] = await runOnnx(outputs.slice(0, 1), { ...feeds, x }, "webgpu");
    expect(relativeError(got!, wanted!)).toBeLessThan(2e-5);
    // The kernel of the provider subtracts squares: it must not be given the images themselves.
    const values = topological(lower(outputs, "webgpu")).filter(
      ({ op, attrs }) => op === "NormalizedRows" && !("result" in attrs && attrs.result === "mean"),
    );
    expect(values.map(({ inputs: [deviation] }) => deviation!.op)).toEqual(["Sub", "Sub"]);
  });

  test("twice in a row, scaled and shifted by others, with an activation", async () => {
    const [x, t] = [input("x", [2, 6, 3, 4]), input("t", [2, 6, 1, 1])];
    const first = silu(groupNorm(x, 3, weight, bias));
    const y = silu(add(mul(groupNorm(add(first, t), 2), add(t, 1)), t));
    await expectSame([y, ...gradient(y, [x, t, weight, bias], input("g", y.shape))]);
  });

  test("second derivatives", async () => {
    const x = input("x", [2, 6, 2, 3]);
    const [slope] = gradient(groupNorm(x, 3, weight, bias), [x], input("g", x.shape));
    await expectSame(gradient(slope!, [x, weight], input("h", x.shape)));
  });

  test("with its activation and all gradients it takes half of the kernels", async () => {
    const x = input("x", [2, 6, 3, 4]);
    const y = silu(groupNorm(x, 2, weight, bias));
    const { before, after } = await expectSame([y, ...gradient(y, [x, weight, bias], input("g", y.shape))]);
    expect([before, after]).toEqual([51, 25]);
    const forward = await expectSame([y]);
    expect([forward.before, forward.after]).toEqual([20, 6]);
  });

  test("what only looks like one is left alone", async () => {
    const x = input("x", [2, 6, 3, 2]);
    const mixed = constant(
      Float32Array.from({ length: 12 }, (_, i) => i / 10),
      [6, 2],
    );
    const spread = matmul(mul(matmul(sum(x, { axes: [2, 3] }), mixed), 1 / 18), transpose(mixed));
    const d = sub(x, reshape(spread, [2, 6, 1, 1]));
    const variance = mul(matmul(sum(square(d), { axes: [2, 3] }), mixed), 1 / 18);
    const y = mul(d, reshape(matmul(div(1, exp(variance)), transpose(mixed)), [2, 6, 1, 1]));
    await expectSame([y]);
    expect(count(lower([y], "webgpu"), "NormalizedRows")).toBe(0);
  });
});

describe("what groups are spread over channels for", () => {
  const membership = constant(
    Float32Array.from({ length: 12 }, (_, i) => Number(Math.floor(i / 6) === i % 2)),
    [6, 2],
  );
  const spread = matmul(input("values", [3, 2]), transpose(membership));

  test.each([
    ["a number that is computed", spread, input("one", [])],
    ["a number for each image", spread, input("each", [3, 1])],
    ["a number for each channel", spread, input("channels", [6])],
    ["images", reshape(spread, [3, 6, 1, 1]), input("x", [3, 6, 2, 4])],
    ["images of one channel", reshape(spread, [3, 6, 1, 1]), input("x", [3, 1, 2, 4])],
  ])("%s", async (_, values, other) => {
    await expectSame([mul(values, other), add(other, values), sub(other, values)]);
  });
});

describe("factors", () => {
  const [x, y] = [input("x", [3, 4]), input("y", [3, 4])];
  const matrix = constant(
    Float32Array.from({ length: 8 }, (_, i) => i - 3),
    [4, 2],
  );
  const single = (tensor: Tensor) => kernels(lower([tensor], "webgpu"));

  test.each([
    ["go into a constant matrix", mul(matmul(x, matrix), 3), 1],
    ["go into it through shapes and products", neg(mul(reshape(matmul(mul(x, 2), matrix), [2, 3]), -0.5)), 1],
    ["of a product meet", mul(mul(mul(x, 3), mul(y, 2)), 5), 2],
    ["a negative term is subtracted", add(neg(mul(x, y)), x), 2],
    ["two negative terms are a sum", sub(neg(x), y), 2],
    ["minus a negative is a sum", sub(x, mul(neg(y), x)), 2],
    ["negative factors cancel", mul(neg(x), neg(y)), 1],
  ])("%s", async (_, expression, kernelCount) => {
    await expectSame([expression]);
    expect(single(expression)).toBe(kernelCount);
  });

  test("whose product is needed more than once is made once", async () => {
    const twice = mul(exp(x), 2);
    const outputs = [tanh(twice), exp(twice), add(twice, y)];
    const { before, after } = await expectSame(outputs);
    expect(after).toBe(before);
  });

  test("stay at the smaller side of a product", async () => {
    const y = mul(mul(input("small", [4]), 2), x);
    await expectSame([add(y, x)]);
    expect(lower([y], "webgpu")).toEqual([y]);
  });
});

describe("parts", () => {
  const cuts = (sizes: readonly number[], x: Tensor, axis = 0) => {
    const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
    return starts.map((start, i) => tanh(slice(x, { axis, start, end: start + sizes[i]! })));
  };

  test.each([
    [2, 1],
    [9, 1],
    [10, 2],
    [81, 10],
    [82, 11],
  ])("%d of a vector come from %d kernels", async (n, splits) => {
    const outputs = cuts(Array<number>(n).fill(2), input("x", [2 * n]));
    const { before, after } = await expectSame(outputs);
    expect([before, after]).toEqual([2 * n, n + splits]);
  });

  test("gaps, overlaps, steps and single slices", async () => {
    const x = input("x", [4, 12]);
    const ranges = [
      { axis: 1, start: 1, end: 3 },
      { axis: 1, start: 5, end: 9 },
      { axis: 1, start: 2, end: 6 },
      { axis: 1, start: 9, end: 12 },
      { axis: 1, start: 0, end: 12, step: 2 },
      { axis: 0, start: 1, end: 2 },
    ];
    const outputs = ranges.map((range) => exp(slice(x, range)));
    await expectSame(outputs);
    // 2 to 6 overlaps, the step is none, and row 1 is alone.
    expect(count(lower(outputs, "webgpu"), "Slice")).toBe(3);
  });

  test("an output of the graph may be one", async () => {
    const x = input("x", [2, 5]);
    await expectSame(cuts([2, 3], x, 1).map(({ inputs: [part] }) => part!));
  });
});

describe("sums", () => {
  test.each([
    [[5, 3], [0]],
    [[1, 3], [0]],
    [
      [2, 3, 4, 5],
      [0, 2, 3],
    ],
    [
      [2, 3, 4, 5],
      [0, 1, 3],
    ],
    [
      [2, 3, 4],
      [0, 1],
    ],
    [[2, 3, 4], [1]],
    [
      [2, 3, 4],
      [0, 1, 2],
    ],
    [[0, 3], [0]],
  ])("of %j over %j", async (shape, axes) => {
    const x = input("x", shape);
    await expectSame([sum(x, { axes }), sum(exp(x), { axes, keepdims: true })]);
  });

  test("over as many rows are one product; one that needs another waits for it", async () => {
    const terms = [2, 3, 4].map((width, i) => exp(input(`x${i}`, [5, width])));
    const independent = terms.map((term) => sum(term, { axes: [0] }));
    const dependent = sum(mul(terms[0]!, independent[0]!), { axes: [0] });
    const outputs = [...independent, dependent].map(tanh);
    await expectSame(outputs);
    expect(count(lower(outputs, "webgpu"), "MatMul")).toBe(2);
  });
});

describe("products", () => {
  const [a, b, bias] = [input("a", [3, 4]), input("b", [4, 5]), input("bias", [5])];
  const [at, bt] = [input("at", [4, 3]), input("bt", [5, 4])];

  test.each([
    ["of the first transposed", matmul(transpose(at), b)],
    ["of the second transposed", matmul(a, transpose(bt))],
    ["of both transposed", matmul(transpose(at), transpose(bt))],
    ["transposed", transpose(matmul(a, b))],
    ["of transposed ones transposed", transpose(matmul(transpose(at), b))],
    ["with a bias", add(matmul(a, transpose(bt)), bias)],
    ["after a bias", add(bias, matmul(a, b))],
  ])("%s are one kernel", async (_, product) => {
    await expectSame([product]);
    expect(kernels(lower([product], "webgpu"))).toBe(1);
  });

  test("with a matrix, or with a row that broadcasts otherwise, keep their sum", async () => {
    const square = matmul(input("s", [4, 4]), b);
    await expectSame([add(square, input("m", [4, 5])), add(square, input("column", [4, 1]))]);
  });
});

describe("a network", () => {
  /** Normalised convolutions with a skip, and attention, in random sizes. */
  function network(seed: number): Tensor[] {
    const random = stream(seed, "webgpu network");
    const p = new Parameters();
    const weight = (name: string, ...shape: number[]) => p.get(name, shape, { kind: "normal", std: 1 });
    const [channels, groups] = pick(random, [
      [4, 2],
      [6, 3],
      [9, 1],
    ] as const);
    const x = input("x", [
      between(random, 1, 3),
      between(random, 1, 3),
      between(random, 3, 5),
      between(random, 3, 6),
    ]);
    const stem = conv(x, weight("stem", channels, x.shape[1]!, 3, 3), weight("b", channels), { padding: 1 });
    const normed = silu(groupNorm(stem, groups, weight("scale", channels), weight("shift", channels)));
    const down = conv(normed, weight("down", channels, channels, 3, 3), undefined, { padding: 1, stride: 2 });
    const mixed = spatialAttention(p, down, { headDim: channels, groups, eps: 1e-5, rescale: 1 });
    const out = conv(concat([mixed, silu(down)], 1), weight("out", 1, 2 * channels, 1, 1));
    const parameters = p.all().map(({ tensor }) => tensor);
    const loss = mean(square(out));
    return [loss, ...gradient(loss, [x, ...parameters])];
  }

  test.each([1, 2, 3, 4, 5, 6])("number %d with all of its gradients", async (seed) => {
    const outputs = network(seed);
    const small = Object.entries(randomFeeds(outputs, seed)).map(([name, { data, shape }]) => [
      name,
      { data: Float32Array.from(data, (value) => 0.3 * value), shape },
    ]);
    const { before, after } = await expectSame(outputs, Object.fromEntries(small));
    expect(after).toBeLessThan(0.75 * before);
  });
});
