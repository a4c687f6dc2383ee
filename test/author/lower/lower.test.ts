// Every rewrite of the lowering pass means what the expression meant, in float64 and on ONNX Runtime.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { apply } from "../../../lib/author/graph/infer.ts";
import {
  add,
  convTranspose,
  cos,
  exp,
  matmul,
  mul,
  neg,
  sin,
  softmax,
  stopGradient,
  sub,
  sum,
  transpose,
} from "../../../lib/author/graph/ops.ts";
import { convExtents } from "../../../lib/author/graph/shapes.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { silu } from "../../../lib/author/nn/activations.ts";
import { groupNorm } from "../../../lib/author/nn/normalization.ts";
import { stream } from "../../../lib/random.ts";
import { expectAgreement, randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import { between, pick, randomConv } from "../../support/random-shapes.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const operators = (outputs: readonly Tensor[]) => new Set(topological(outputs).map(({ op }) => op));

/** Lowered and unlowered expressions agree, to the last bits of float64 and to those of float32. */
async function expectSame(outputs: readonly Tensor[]): Promise<void> {
  const feeds = randomFeeds(outputs);
  const wanted = evaluate(outputs, feeds);
  for (const [i, got] of evaluate(lower(outputs), feeds).entries())
    expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-12);
  await expectAgreement(outputs, feeds, 3e-6);
}

describe("ConvWeightGrad", () => {
  interface Sizes {
    readonly channels: number;
    readonly out: number;
    readonly size?: readonly number[];
    readonly kernel?: readonly number[];
    readonly strides?: readonly number[];
    readonly pads?: readonly number[];
    readonly dilations?: readonly number[];
    readonly group?: number;
  }

  function weightGrad({ channels, out, size = [5, 6], kernel = [3, 3], group = 1, ...rest }: Sizes): Tensor {
    const attrs = {
      strides: kernel.map(() => 1),
      pads: [...kernel, ...kernel].map((k) => Math.floor(k / 2)),
      dilations: kernel.map(() => 1),
      ...rest,
      kernel,
      group,
    };
    const x = input(`x${channels}`, [2, channels, ...size]);
    const g = input(`g${out}`, [2, out, ...convExtents(size, kernel, attrs)]);
    return apply("ConvWeightGrad", [x, g], attrs);
  }

  const cases: Record<string, Sizes> = {
    "1x1 kernel": { channels: 9, out: 4, kernel: [1, 1] },
    "1x1 kernel, few channels": { channels: 3, out: 4, kernel: [1, 1] },
    "1x1 kernel, stride 2": { channels: 8, out: 9, kernel: [1, 1], strides: [2, 2] },
    "even kernel": { channels: 7, out: 9, kernel: [2, 2], pads: [0, 0, 0, 0] },
    "even kernel, kept shape, narrow cotangent": { channels: 9, out: 2, kernel: [2, 4], pads: [0, 1, 1, 2] },
    "even kernel, more padding before than after": {
      channels: 9,
      out: 8,
      kernel: [2, 4],
      pads: [1, 2, 0, 1],
    },
    "uneven kernel": { channels: 8, out: 8, kernel: [3, 1], pads: [1, 0, 1, 0] },
    "stride 2, padding below and right only": { channels: 9, out: 5, strides: [2, 2], pads: [0, 0, 1, 1] },
    "stride that leaves a rest": { channels: 4, out: 5, size: [6, 7], strides: [2, 3], pads: [1, 0, 0, 1] },
    dilation: { channels: 9, out: 8, size: [7, 7], dilations: [2, 2], pads: [2, 2, 2, 2] },
    "dilation, narrow cotangent": {
      channels: 9,
      out: 1,
      size: [7, 7],
      dilations: [2, 1],
      pads: [2, 1, 2, 1],
    },
    "stride and dilation": { channels: 3, out: 4, size: [9, 8], dilations: [2, 3], strides: [2, 1] },
    groups: { channels: 6, out: 4, group: 2 },
    "groups with stride and dilation": {
      channels: 6,
      out: 9,
      group: 3,
      size: [9, 8],
      dilations: [2, 1],
      strides: [2, 3],
      pads: [1, 0, 2, 1],
    },
    depthwise: { channels: 7, out: 7, group: 7, strides: [2, 1] },
    "depthwise with a multiplier": { channels: 4, out: 8, group: 4 },
    "1D": { channels: 9, out: 4, size: [7], kernel: [3], strides: [2] },
    "3D": { channels: 3, out: 2, size: [4, 3, 4], kernel: [2, 3, 1], pads: [0, 1, 0, 1, 1, 0] },
  };

  test.each(Object.entries(cases))("%s", (_, sizes) => expectSame([weightGrad(sizes)]));

  test.each([1, 7, 8, 9])("%d channels with 1, 7, 8 and 9 outputs", (channels) =>
    expectSame([1, 7, 8, 9].map((out) => weightGrad({ channels, out }))),
  );

  test("random convolutions of one to three dimensions", async () => {
    const random = stream(11, "lowering");
    const outputs = Array.from({ length: 60 }, (_, i) => {
      const { x, weight, options } = randomConv(random, pick(random, [1, 2, 2, 2, 3]));
      const { stride: strides, padding: pads, dilation: dilations, groups: group } = options;
      const attrs = { strides, pads, dilations, group, kernel: weight.slice(2) };
      const extents = convExtents(x.slice(2), weight.slice(2), attrs);
      const g = input(`g${i}`, [x[0]!, weight[0]!, ...extents]);
      return apply("ConvWeightGrad", [input(`x${i}`, x), g], attrs);
    });
    await expectSame(outputs);
    expect(operators(lower(outputs))).not.toContain("ConvWeightGrad");
  });
});

describe("ConvTranspose", () => {
  const transposed = (options: Parameters<typeof convTranspose>[2], kernel = [3, 2], groups = 1) =>
    convTranspose(input("x", [2, 4, 5, 4]), input("w", [4, 3, ...kernel]), { ...options, groups });

  test.each([
    { padding: 0 },
    { padding: [1, 0, 2, 1] },
    { padding: 1, outputPadding: [0, 1], dilation: 2 },
    { dilation: [3, 1], padding: [4, 0, 1, 1] },
  ])("of stride 1 becomes a convolution: %j", async (options) => {
    const y = transposed(options);
    expect(lower([y])[0]!.op).toBe("Conv");
    await expectSame([y]);
  });

  test.each([
    ["a stride", transposed({ stride: 2, padding: 1, outputPadding: 1 })],
    ["groups", transposed({}, [3, 2], 2)],
    ["padding beyond the window", transposed({ padding: [3, 0, 0, 0] })],
  ])("with %s stays", async (_, y) => {
    expect(lower([y])).toEqual([y]);
    await expectSame([y]);
  });

  test("random ones", async () => {
    const random = stream(12, "lowering");
    await expectSame(
      Array.from({ length: 40 }, (_, i) => {
        const { x, weight, options } = randomConv(random, between(random, 1, 3));
        const stride = random.uniform() < 0.5 ? 1 : options.stride;
        return convTranspose(input(`x${i}`, x.with(1, weight[0]!)), input(`w${i}`, weight), {
          ...options,
          stride,
        });
      }),
    );
  });
});

describe("Sin and Cos", () => {
  const x = input("x", [2001]);
  const points = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) * 1.37);

  test("keep their accuracy for large arguments", async () => {
    const [sine, cosine] = await runOnnx([sin(x), cos(x)], { x: { data: points, shape: [2001] } });
    const error = (got: Float64Array, wanted: (angle: number) => number) =>
      Math.max(...got.map((value, i) => Math.abs(value - wanted(points[i]!))));
    expect(error(sine!, Math.sin)).toBeLessThan(5e-7);
    expect(error(cosine!, Math.cos)).toBeLessThan(5e-7);
  });

  test("give the library function arguments within a half turn", () => {
    const reduced = lower([sin(x), cos(x)]).map((node) => node.inputs[0]!);
    for (const angles of evaluate(reduced, { x: { data: points, shape: [2001] } }))
      expect(Math.max(...angles.map(Math.abs))).toBeLessThan(Math.PI + 1e-4);
  });
});

describe("after differentiation", () => {
  test("what is there for second derivatives only is gone", async () => {
    const x = input("x", [2, 6, 3, 2]);
    const outputs = gradient(groupNorm(x, 2), [x], input("g", x.shape));
    await expectSame(outputs);
    expect(operators(lower(outputs))).not.toContain("StopGradient");
    // Both leave center - stopGradient(center) out: in the variance, and in the gradient of its square.
    expect(topological(lower(outputs)).length).toBeLessThan(topological(outputs).length - 3);
  });

  test("an exact zero times a number and a sum with it are gone, a difference from it is not", async () => {
    const [x, y] = [input("x", [2, 3]), input("y", [3])];
    const zero = sub(x, stopGradient(x));
    await expectSame([
      add(mul(zero, y), x),
      sub(sum(zero, { axes: [0] }), y),
      sub(y, neg(sum(zero, { axes: [0] }))),
    ]);
    expect(lower([add(mul(zero, y), x)])[0]).toBe(x);
    expect(lower([sub(sum(zero, { axes: [0] }), y)])[0]!.op).toBe("Neg");
  });

  test("zeros of another shape stay where they make a sum larger", () =>
    expectSame([add(sub(input("x", [2, 3]), stopGradient(input("x", [2, 3]))), input("y", [3]))]));

  test("attention's gradient sums over its result, not over its weights, and subtracts as it multiplies", async () => {
    const [q, k, v] = ["q", "k", "v"].map((name) => input(name, [2, 3, 6, 4])) as [Tensor, Tensor, Tensor];
    const y = matmul(softmax(matmul(q, transpose(k, [0, 1, 3, 2]))), v);
    const outputs = gradient(y, [q, k, v], input("g", y.shape));
    await expectSame(outputs);
    const weights = topological(lower(outputs)).filter(({ shape }) => shape.join() === "2,3,6,6");
    const names = weights.map(({ op }) => op).sort();
    expect(names).toEqual(["MatMul", "MatMul", "Mul", "Softmax", "Transpose"]);
  });
});

describe("the gradient of SiLU", () => {
  const slope = (x: Tensor) => gradient(silu(x), [x], input("g", x.shape));

  test.each([[[7]], [[1, 1]], [[5, 3]], [[2, 3, 4]], [[2, 3, 4, 1]]])(
    "of %j takes four passes beside the two of the forward one",
    async (shape) => {
      const x = input("x", shape);
      const outputs = [silu(x), ...slope(x)];
      await expectSame(outputs);
      const passes = topological(lower(outputs)).filter(({ inputs }) => inputs.length > 0);
      expect(passes).toHaveLength(2 + 4);
    },
  );

  test("is accurate up to where the sigmoid is 0 or 1", async () => {
    const points = Float32Array.from({ length: 401 }, (_, i) => (i - 200) / 2);
    const feeds = { x: { data: points, shape: [401] }, g: { data: points.map(() => 1), shape: [401] } };
    const [wanted] = evaluate(slope(input("x", [401])), feeds);
    const [got] = await runOnnx(slope(input("x", [401])), feeds);
    expect(Math.max(...got!.map((value, i) => Math.abs(value - wanted![i]!)))).toBeLessThan(2e-6);
  });
});

test("what needs no rewriting is left as it is", () => {
  const y = add(exp(input("x", [3])), 1);
  expect(lower([y])[0]).toBe(y);
});
