// Graphs for the CPU mean what they meant, in float64 and on ONNX Runtime, and what is no convolution takes fewer kernels.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import {
  add,
  cos,
  matmul,
  mean,
  mul,
  reshape,
  sin,
  sqrt,
  square,
  sub,
  sum,
  transpose,
} from "../../../lib/author/graph/ops.ts";
import type { OpType, Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { silu } from "../../../lib/author/nn/activations.ts";
import { linear } from "../../../lib/author/nn/layers.ts";
import { Parameters } from "../../../lib/author/nn/parameters.ts";
import { stream } from "../../../lib/random.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";
import { kernels } from "../../support/kernels.ts";
import { between } from "../../support/random-shapes.ts";
import { runOnnx } from "../../support/run-onnx.ts";

// Without convolutions there are no blocks, and the operators exist on every machine.
const lowering = "cpu-nchwc16";

const operators = (outputs: readonly Tensor[]): OpType[] =>
  topological(lower(outputs, lowering)).map(({ op }) => op);

/** Lowered and unlowered expressions agree, in float64 but for constants that are rounded to float32, and on ONNX Runtime. */
async function expectSame(outputs: readonly Tensor[], feeds: Feeds = randomFeeds(outputs)): Promise<void> {
  const wanted = evaluate(outputs, feeds);
  for (const [i, got] of evaluate(lower(outputs, lowering), feeds).entries())
    expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-7);
  for (const [i, got] of (await runOnnx(outputs, feeds, lowering)).entries())
    expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-5);
}

describe("sines and cosines", () => {
  const x = input("x", [2001]);
  const points = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) * 1.37);

  test("are taken of arguments as they are, and as accurately", async () => {
    expect(operators([sin(x), cos(x)])).toEqual(["Input", "Sin", "Cos"]);
    const [sine, cosine] = await runOnnx([sin(x), cos(x)], { x: { data: points, shape: [2001] } }, lowering);
    const error = (got: Float64Array, wanted: (angle: number) => number) =>
      Math.max(...got.map((value, i) => Math.abs(value - wanted(points[i]!))));
    expect(error(sine!, Math.sin)).toBeLessThan(5e-7);
    expect(error(cosine!, Math.cos)).toBeLessThan(5e-7);
  });

  test("of something else keep what was computed for them", async () => {
    const angle = sub(sub(x, mul(x, 0.5)), mul(x, 0.25));
    await expectSame([sin(angle), ...gradient(sum(cos(angle)), [x])]);
  });
});

describe("sums of columns", () => {
  const shapes: Shape[] = [
    [1, 1],
    [1, 7],
    [7, 1],
    [5, 3],
    [300, 17],
    [257, 33],
  ];

  test.each(shapes)("of [%d,%d] are a product", async (...shape) => {
    const x = input("x", shape);
    const sums = [sum(x, { axes: [0] }), sum(x, { axes: [0], keepdims: true })];
    await expectSame(sums);
    expect(operators(sums)).not.toContain("ReduceSum");
  });

  test("sums of rows, of everything and of more axes stay", async () => {
    const [x, y] = [input("x", [5, 3]), input("y", [5, 3, 2])];
    const sums = [sum(x, { axes: [1] }), sum(x), sum(y, { axes: [0] })];
    await expectSame(sums);
    expect(operators(sums).filter((op) => op === "ReduceSum")).toHaveLength(3);
  });
});

describe("the sum of a vector's squares", () => {
  test.each([1, 2, 33, 40_001])("of %d numbers is a product", async (length) => {
    const x = input("x", [length]);
    await expectSame([sqrt(sum(square(x)))]);
    expect(operators([sum(square(x))])).toEqual(["Input", "Reshape", "Gemm", "Reshape"]);
  });

  test("products of different vectors, and squares that others need as a matrix's, stay", async () => {
    const [x, y] = [input("x", [6]), input("y", [6])];
    const sums = [sum(mul(x, y)), sum(square(input("z", [2, 3])))];
    await expectSame(sums);
    expect(operators(sums)).not.toContain("Gemm");
  });
});

test("numbers that something is multiplied with one after another are one", async () => {
  const [x, w] = [input("x", [5, 3]), input("w", [5])];
  const y = mean(mul(w, mul(mul(sum(square(x), { axes: [1] }), 0.5), 0.3)));
  await expectSame([y, ...gradient(y, [x, w])]);
  expect(kernels(lower([y], lowering))).toBeLessThanOrEqual(kernels(lower([y])) - 1);
});

describe("a perceptron", () => {
  /** Layers of random widths with everything's gradients and their norm. */
  function perceptron(seed: number): Tensor[] {
    const random = stream(seed, "perceptron");
    const p = new Parameters();
    const x = input("x", [between(random, 1, 9), between(random, 1, 5)]);
    const hidden = [0, 1, 2].reduce<Tensor>((h, i) => {
      const y = silu(linear(p.within(i), h, between(random, 1, 20)));
      return y.shape.join() === h.shape.join() ? add(h, y) : y;
    }, x);
    const loss = mean(square(linear(p.within("out"), hidden, 2, { bias: seed % 2 === 0 })));
    const gradients = gradient(
      loss,
      p.all().map(({ tensor }) => tensor),
    );
    const norms = gradients.map((part) => sum(square(reshape(part, [-1]))));
    return [loss, ...gradients, ...norms, ...gradient(loss, [x])];
  }

  test.each([1, 2, 3, 4, 5, 6])("number %d with all of its gradients", async (seed) => {
    const outputs = perceptron(seed);
    await expectSame(outputs);
    // Matrices are used transposed, and gradients come out as their weights lie.
    expect(operators(outputs)).not.toContain("Transpose");
  });
});

test("products of more than matrices are left to the runtime", async () => {
  const [a, b] = [input("a", [2, 3, 4]), input("b", [2, 5, 4])];
  const y = matmul(a, transpose(b, [0, 2, 1]));
  await expectSame([y]);
  expect(lower([y], lowering)).toEqual([y]);
});
