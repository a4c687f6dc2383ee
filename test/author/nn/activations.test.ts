// Every activation of the registry gives PyTorch's values and slopes, also where float32 could overflow.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { mul, sum } from "../../../lib/author/graph/ops.ts";
import { type Activation, activations, leakyRelu } from "../../../lib/author/nn/activations.ts";
import { relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const points = [-100.0, -5.0, -1.0, -0.5, 0.0, 0.5, 1.0, 5.0, 100.0];

// PyTorch 2.15 in float64: the value and the derivative at the points.
const golden: Record<keyof typeof activations, { y: number[]; slope: number[] }> = {
  // F.relu
  relu: {
    y: [0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 5.0, 100.0],
    slope: [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0],
  },
  // F.leaky_relu
  leakyRelu: {
    y: [-1.0, -0.05, -0.01, -0.005, 0.0, 0.5, 1.0, 5.0, 100.0],
    slope: [0.01, 0.01, 0.01, 0.01, 0.01, 1.0, 1.0, 1.0, 1.0],
  },
  // F.elu
  elu: {
    y: [-1.0, -0.99326205, -0.63212056, -0.39346934, 0.0, 0.5, 1.0, 5.0, 100.0],
    slope: [0.0, 0.00673795, 0.36787944, 0.60653066, 1.0, 1.0, 1.0, 1.0, 1.0],
  },
  // F.silu
  silu: {
    y: [-0.0, -0.03346425, -0.26894142, -0.18877033, 0.0, 0.31122967, 0.73105858, 4.96653575, 100.0],
    slope: [-0.0, -0.02654743, 0.07232949, 0.26003881, 0.5, 0.73996119, 0.92767051, 1.02654743, 1.0],
  },
  // F.silu
  swish: {
    y: [-0.0, -0.03346425, -0.26894142, -0.18877033, 0.0, 0.31122967, 0.73105858, 4.96653575, 100.0],
    slope: [-0.0, -0.02654743, 0.07232949, 0.26003881, 0.5, 0.73996119, 0.92767051, 1.02654743, 1.0],
  },
  // F.gelu
  gelu: {
    y: [-0.0, -1.43e-6, -0.15865525, -0.15426877, 0.0, 0.34573123, 0.84134475, 4.99999857, 100.0],
    slope: [0.0, -7.15e-6, -0.08331547, 0.13250488, 0.5, 0.86749512, 1.08331547, 1.00000715, 1.0],
  },
  // F.gelu(approximate="tanh")
  geluTanh: {
    y: [-0.0, -2.3e-7, -0.15880801, -0.15428599, 0.0, 0.34571401, 0.84119199, 4.99999977, 100.0],
    slope: [0.0, -1.55e-6, -0.08296408, 0.1326301, 0.5, 0.8673699, 1.08296408, 1.00000155, 1.0],
  },
  // F.softplus
  softplus: {
    y: [0.0, 0.00671535, 0.31326169, 0.47407698, Math.LN2, 0.97407698, 1.31326169, 5.00671535, 100.0],
    slope: [0.0, 0.00669285, 0.26894142, 0.37754067, 0.5, 0.62245933, 0.73105858, 0.99330715, 1.0],
  },
  // torch.tanh
  tanh: {
    y: [-1.0, -0.9999092, -0.76159416, -0.46211716, 0.0, 0.46211716, 0.76159416, 0.9999092, 1.0],
    slope: [0.0, 0.00018158, 0.41997434, 0.78644773, 1.0, 0.78644773, 0.41997434, 0.00018158, 0.0],
  },
  // torch.sigmoid
  sigmoid: {
    y: [0.0, 0.00669285, 0.26894142, 0.37754067, 0.5, 0.62245933, 0.73105858, 0.99330715, 1.0],
    slope: [0.0, 0.00664806, 0.19661193, 0.23500371, 0.25, 0.23500371, 0.19661193, 0.00664806, 0.0],
  },
  // F.mish
  mish: {
    y: [-0.0, -0.03357624, -0.30340146, -0.22074377, 0.0, 0.37524521, 0.86509839, 4.99955208, 100.0],
    slope: [-0.0, -0.0267475, 0.05921676, 0.28951068, 0.6, 0.88642438, 1.04903622, 1.00080022, 1.0],
  },
  // x
  identity: {
    y: [-100.0, -5.0, -1.0, -0.5, 0.0, 0.5, 1.0, 5.0, 100.0],
    slope: [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
  },
};

const x = input("x", [9]);
const feeds = { x: { data: points, shape: [9] } };

describe.each(Object.entries<Activation>(activations))("%s", (name, activation) => {
  const { y, slope } = golden[name as keyof typeof activations];
  const both = [activation(x), gradient(sum(activation(x)), [x])[0]!];

  test("gives PyTorch's numbers", () => {
    for (const [i, got] of evaluate(both, feeds).entries())
      expect(relativeError(got, [y, slope][i]!)).toBeLessThan(1e-7);
  });

  test("in float32 too, at arguments of ±100", async () => {
    for (const [i, got] of (await runOnnx(both, feeds)).entries())
      for (const [at, want] of [y, slope][i]!.entries())
        expect(Math.abs(got[at]! - want)).toBeLessThan(1e-6 * Math.max(1, Math.abs(want)));
  });

  test("has the right second derivative, finite everywhere", () => {
    const slopeOf = gradient(sum(activation(x)), [x])[0]!;
    const [second] = gradient(sum(slopeOf), [x]);
    const smooth = { x: { data: [-3, -2, -1.5, -0.7, 0.1, 0.3, 0.9, 2, 4], shape: [9] } };
    const ones = { x: { data: Array(9).fill(1), shape: [9] } };
    const wanted = directionalDifference(slopeOf, smooth, ones);
    expect(relativeError(evaluate([second!], smooth)[0]!, wanted)).toBeLessThan(1e-6);
    expect(evaluate([second!], feeds)[0]!.every(Number.isFinite)).toBe(true);
  });

  test("does not hide a value that is not a number", async () => {
    const nan = { x: { data: Array(9).fill(Number.NaN), shape: [9] } };
    const [got] = await runOnnx([mul(activation(x), 1)], nan);
    expect(got!.every(Number.isNaN)).toBe(true);
  });
});

test("leakyRelu takes a slope", () => {
  expect(evaluate([leakyRelu(x, 0.25)], feeds)[0]!.slice(0, 2)).toEqual(Float64Array.of(-25, -1.25));
});
