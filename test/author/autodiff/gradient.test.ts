// The walk: what cotangents add up to, where broadcasting is undone, and derivatives along a direction.
import { describe, expect, test } from "bun:test";
import { gradient, jvp, vjp } from "../../../lib/author/autodiff/gradient.ts";
import { constant, input, scalar, zeros } from "../../../lib/author/graph/constant.ts";
import {
  add,
  conv,
  exp,
  expand,
  matmul,
  mul,
  neg,
  pow,
  reshape,
  sin,
  slice,
  sum,
  transpose,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";

const x = input("x", [2, 3]);
const row = input("row", [3]);
const at: Feeds = {
  x: { data: [1, 2, 3, 4, 5, 6], shape: [2, 3] },
  row: { data: [10, 20, 30], shape: [3] },
};
const values = (node: Tensor, feeds = at) => [...evaluate([node], feeds)[0]!];

describe("gradient", () => {
  test("adds up over all paths", () => {
    const y = add(mul(x, x), add(x, neg(x)));
    expect(values(gradient(sum(y), [x])[0]!)).toEqual([2, 4, 6, 8, 10, 12]);
  });

  test("is zero where y does not depend on x, and the seed where y is x", () => {
    expect(gradient(sum(row), [x])).toEqual([zeros([2, 3])]);
    expect(gradient(x, [x], mul(x, 2))).toEqual([mul(x, 2)]);
  });

  test("may be asked for a node inside the expression", () => {
    const inner = mul(x, x);
    expect(values(gradient(sum(mul(inner, 3)), [inner])[0]!)).toEqual(Array(6).fill(3));
  });

  test("sums over what broadcasting repeated", () => {
    const [dx, drow] = gradient(sum(mul(x, row)), [x, row]);
    expect(values(dx!)).toEqual([10, 20, 30, 10, 20, 30]);
    expect(values(drow!)).toEqual([5, 7, 9]);
    const s = input("s", []);
    expect(values(gradient(sum(add(x, s)), [s])[0]!)).toEqual([6]);
  });

  test("refuses a y of several elements without a seed", () => {
    expect(() => gradient(x, [x])).toThrow("gradient: expected a y of one element, or a seed, got y [2,3]");
  });

  test("refuses a seed of another shape, and what is not float32", () => {
    expect(() => gradient(x, [x], row)).toThrow("gradient: seed: expected [2,3], got [3]");
    expect(() => gradient(sum(x), [input("label", [2], "int32")])).toThrow("expected float32, got int32");
  });

  test("of a power with a number as exponent is exact at 0 and below, to any order", () => {
    const points = { x: { data: [0, -1, 2, -3, 0, 1], shape: [2, 3] } };
    let y = pow(x, 3);
    for (const derivative of [(v: number) => 3 * v ** 2, (v: number) => 6 * v, () => 6, () => 0]) {
      y = gradient(sum(y), [x])[0]!;
      expect(values(y, points).map((v) => v + 0)).toEqual(points.x.data.map((v) => derivative(v) + 0));
    }
  });

  test("costs a walk of the graph, not of its paths", () => {
    let y: Tensor = x;
    for (let i = 0; i < 200; i++) y = mul(add(y, y), 0.5);
    expect(values(gradient(sum(y), [x])[0]!)).toEqual(Array(6).fill(1));
  });
});

/** Each of these sends a cotangent that repeats along some axes through the operators behind it. */
const repeated: Record<string, (x: Tensor, row: Tensor) => Tensor> = {
  "pointwise chain": (x) => sum(sin(exp(neg(x)))),
  "pointwise with an input that broadcasts": (x, row) => sum(sin(mul(x, row))),
  "an input that broadcasts twice": (x, row) => sum(mul(add(x, row), mul(row, x))),
  "sum over one axis": (x, row) => sum(mul(sum(sin(x), { axes: [1], keepdims: true }), add(x, row))),
  "into a product of matrices": (x) => sum(matmul(exp(x), transpose(x))),
  "into movement": (x) => sum(mul(reshape(slice(transpose(sin(x)), { axis: 0, step: -2 }), [4, 1]), 2)),
  "into a convolution": (x, row) =>
    sum(
      exp(
        conv(reshape(x, [1, 2, 3]), expand(mul(row, 0.1), [1, 2, 3]), undefined, { padding: 1, stride: 2 }),
      ),
    ),
  "expanded by hand": (x, row) => sum(mul(expand(row, [4, 2, 3]), sin(x))),
  "a constant that repeats": (x) => sum(mul(sin(x), expand(constant(Float32Array.of(1, 2), [2, 1]), [2, 3]))),
  "different repeats that meet": (x) =>
    add(sum(mul(sum(x, { axes: [0] }), sum(sin(x), { axes: [0] }))), sum(pow(x, 2))),
};

describe("cotangents that repeat", () => {
  test.each(Object.entries(repeated))("%s", (_, f) => {
    const y = f(x, row);
    const d = { x: input("dx", x.shape), row: input("drow", row.shape) };
    const feeds = randomFeeds([y, x, row, ...Object.values(d)], 3);
    const slopeOf = (h: Tensor) => {
      const [gx, grow] = gradient(h, [x, row]);
      expect([gx!.shape, grow!.shape]).toEqual([x.shape, row.shape]);
      return add(sum(mul(gx!, d.x)), sum(mul(grow!, d.row)));
    };
    const directions = { x: feeds.dx!, row: feeds.drow! };
    for (const h of [y, slopeOf(y)]) {
      const wanted = directionalDifference(h, feeds, directions);
      expect(relativeError(values(slopeOf(h), feeds), wanted)).toBeLessThan(1e-6);
    }
  });
});

describe("jvp", () => {
  const v = input("v", [2, 3]);
  const feeds = { ...at, v: { data: [1, 0, -1, 2, 0, 1], shape: [2, 3] } };

  test("is the Jacobian times v", () => {
    expect(values(jvp(mul(x, x), x, v), feeds)).toEqual([2, 0, -6, 16, 0, 12]);
    expect(values(jvp(sum(x, { axes: [1] }), x, v), feeds)).toEqual([0, 3]);
  });

  test("nests: the second directional derivative", () => {
    const cube = mul(x, mul(x, x));
    expect(values(jvp(jvp(cube, x, v), x, v), feeds)).toEqual([6, 0, 18, 96, 0, 36]);
  });

  test("v·J·v is the same forwards and backwards", () => {
    const score = sin(matmul(matmul(x, transpose(x)), x));
    const [forward, backward] = evaluate(
      [sum(mul(v, jvp(score, x, v))), sum(mul(vjp(score, x, v), v))],
      randomFeeds([x, v]),
    );
    expect(forward![0]).toBeCloseTo(backward![0]!, 12);
  });

  test("refuses a direction of another shape", () => {
    expect(() => jvp(x, x, row)).toThrow("jvp: v: expected [2,3], got [3]");
  });

  test("is zero where y does not depend on x", () => {
    expect(values(jvp(row, x, v), feeds)).toEqual([0, 0, 0]);
    expect(values(jvp(mul(scalar(2), row), x, v), feeds)).toEqual([0, 0, 0]);
  });
});
