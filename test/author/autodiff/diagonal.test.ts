// The diagonal of second derivatives: where one pass is exact, and by how much it is not where it is approximate.
import { describe, expect, test } from "bun:test";
import { diagonalCurvature } from "../../../lib/author/autodiff/diagonal.ts";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { constant, input, zeros } from "../../../lib/author/graph/constant.ts";
import {
  add,
  concat,
  conv,
  div,
  exp,
  matmul,
  mul,
  pad,
  reshape,
  sin,
  slice,
  softmax,
  softplus,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  transpose,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { activations, silu } from "../../../lib/author/nn/activations.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";

const x = input("x", [3, 4]);
const w1 = input("w1", [4, 5]);
const w2 = input("w2", [5, 5]);
const last = input("last", [5, 1]);
const perSampleSum = (y: Tensor) => sum(y, { axes: [1] });

/** The exact diagonal: the gradient of every coordinate of the gradient. */
function exactDiagonal(y: Tensor, at: Tensor): Tensor {
  const flat = reshape(gradient(sum(y), [at])[0]!, [at.shape[0]!, -1]);
  const parts = Array.from({ length: flat.shape[1]! }, (_, i) => {
    const range = { axis: 1, start: i, end: i + 1 };
    return slice(reshape(gradient(sum(slice(flat, range)), [at])[0]!, flat.shape), range);
  });
  return reshape(concat(parts, 1), at.shape);
}

function error(y: Tensor, at: Tensor = x): number {
  const both = [diagonalCurvature(y, at), exactDiagonal(y, at)];
  const [got, wanted] = evaluate(both, randomFeeds([...both, at], 4));
  return relativeError(got!, wanted!);
}

const output = (h: Tensor) => reshape(matmul(h, last), [-1]);
const image = input("image", [2, 1, 3, 3]);
const kernel = input("kernel", [2, 1, 2, 2]);

const exact: Record<string, [Tensor, Tensor?]> = {
  "a separable energy": [perSampleSum(add(sin(mul(x, 2)), exp(sub(x, 1))))],
  "a diagonal quadratic": [perSampleSum(mul(square(x), constant(Float32Array.of(1, 2, 3, 4))))],
  "a full quadratic, xᵀ·W·Wᵀ·x": [perSampleSum(square(matmul(x, w1)))],
  "one hidden layer": [output(tanh(add(matmul(x, w1), input("b", [5]))))],
  "one hidden layer, plus a quadratic": [add(output(silu(matmul(x, w1))), perSampleSum(div(square(x), 2)))],
  "a product of functions of the same coordinate": [perSampleSum(mul(sin(x), exp(x)))],
  "a convolution, then an activation": [
    sum(softplus(conv(image, kernel, input("bias", [2]), { padding: 1 })), { axes: [1, 2, 3] }),
    image,
  ],
  "moved about": [
    sum(pad(sin(transpose(slice(concat([x, mul(x, 2)], 1), { axis: 1, start: 1, end: 7 }))), [1, 0, 0, 0]), {
      axes: [0],
    }),
  ],
  "a part held constant": [perSampleSum(mul(square(x), stopGradient(x)))],
};

describe("diagonalCurvature is exact for", () => {
  test.each(Object.entries(exact))("%s", (_, [y, at]) => {
    expect(error(y, at)).toBeLessThan(1e-12);
  });

  test.each(Object.entries(activations))("one hidden layer of %s", (_, activation) => {
    expect(error(output(activation(matmul(x, w1))))).toBeLessThan(1e-12);
  });
});

test("two hidden layers follow the recursion of Kingma & LeCun, which is not the exact diagonal", () => {
  const y = output(tanh(matmul(tanh(matmul(x, w1)), w2)));
  const got = diagonalCurvature(y, x);
  const feeds = randomFeeds([got], 4);
  const close = relativeError(evaluate([got], feeds)[0]!, recursion(feeds));
  expect(close).toBeLessThan(1e-12);
  expect(error(y)).toBeGreaterThan(0.5);
});

/** h_x = (W²)ᵀ(f'² h + f'' g) layer by layer, in plain numbers. */
function recursion(feeds: Record<string, { readonly data: ArrayLike<number> }>): number[] {
  const entries = (name: string, i: number, width: number) =>
    Array.from({ length: width }, (_, j) => feeds[name]!.data[i * width + j]!);
  const forward = (u: number[], name: string) =>
    Array.from({ length: 5 }, (_, j) =>
      u.reduce((total, value, i) => total + value * entries(name, i, 5)[j]!, 0),
    );
  const through = (u: number[], g: number[], h: number[], name: string, width: number) => {
    const slope = u.map((value) => 1 - Math.tanh(value) ** 2);
    const gu = g.map((value, j) => value * slope[j]!);
    const hu = h.map((value, j) => slope[j]! ** 2 * value - 2 * Math.tanh(u[j]!) * slope[j]! * g[j]!);
    const back = (v: number[], power: number) =>
      Array.from({ length: width }, (_, i) =>
        entries(name, i, 5).reduce((t, w, j) => t + w ** power * v[j]!, 0),
      );
    return { g: back(gu, 1), h: back(hu, 2) };
  };
  return [0, 1, 2].flatMap((b) => {
    const u1 = forward(entries("x", b, 4), "w1");
    const u2 = forward(u1.map(Math.tanh), "w2");
    const top = through(u2, entries("last", 0, 5), [0, 0, 0, 0, 0], "w2", 5);
    return through(u1, top.g, top.h, "w1", 4).h;
  });
}

describe("diagonalCurvature", () => {
  test("is zero where the energy is linear in x, or does not depend on it", () => {
    expect(diagonalCurvature(output(matmul(x, w1)), x)).toBe(zeros(x.shape));
    expect(diagonalCurvature(perSampleSum(input("other", [3, 2])), x)).toBe(zeros(x.shape));
  });

  test("refuses operators it has no rule for", () => {
    expect(() => diagonalCurvature(perSampleSum(softmax(matmul(x, w1))), x)).toThrow("got Softmax [3,5]");
    expect(() => diagonalCurvature(sum(matmul(x, transpose(x)), { axes: [1] }), x)).toThrow(
      "got MatMul [3,3]",
    );
    const column = sum(x, { axes: [1], keepdims: true });
    expect(() => diagonalCurvature(perSampleSum(mul(x, column)), x)).toThrow(
      "operands of one shape, got [3,1]",
    );
  });
});
