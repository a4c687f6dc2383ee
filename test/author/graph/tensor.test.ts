// Expressions are immutable and interned: equal structure is one node, whatever the order of construction.
import { describe, expect, test } from "bun:test";
import { constant, input, scalar } from "../../../lib/author/graph/constant.ts";
import {
  add,
  concat,
  conv,
  div,
  expand,
  mul,
  neg,
  pad,
  pow,
  reshape,
  slice,
  split,
  sub,
  transpose,
  upsampleNearest,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { substitute, topological } from "../../../lib/author/graph/traverse.ts";

const x = input("x", [2, 3]);

describe("interning", () => {
  test("equal structure is the same node", () => {
    expect(add(mul(x, 2), 1)).toBe(add(mul(x, 2), 1));
    expect(input("x", [2, 3])).toBe(x);
    expect(slice(x, { axis: -1, start: 1 })).toBe(slice(x, { axis: 1, start: 1, end: 3 }));
    const long = () => constant(Float32Array.from({ length: 100 }, (_, i) => i));
    expect(long()).toBe(long());
  });

  test("different operators, inputs, attributes, types or data are different nodes", () => {
    const nodes = [
      add(x, 2),
      sub(x, 2),
      add(x, 3),
      input("x", [3, 2]),
      input("y", [2, 3]),
      input("x", [2, 3], "int32"),
      scalar(0),
      scalar(-0),
      scalar(Number.NaN),
      scalar(Number.POSITIVE_INFINITY),
      constant(Float32Array.of(0)),
      constant(Int32Array.of(0)),
      constant(Uint8Array.of(0)),
      pad(x, [0, 0, 0, 1], 0),
      pad(x, [0, 0, 0, 1], -0),
      pad(x, [0, 0, 0, 1], Number.NEGATIVE_INFINITY),
    ];
    expect(new Set(nodes).size).toBe(nodes.length);
  });

  test("long constants that differ in one element are different nodes", () => {
    const data = (at: number) => Float32Array.from({ length: 200 }, (_, i) => (i === at ? 1 : 0));
    const nodes = Array.from({ length: 200 }, (_, i) => constant(data(i)));
    expect(new Set(nodes).size).toBe(200);
  });

  test("a subtraction's operands are not exchanged", () => {
    expect(sub(x, 1)).not.toBe(sub(1, x));
  });

  test("nodes are frozen", () => {
    expect(Object.isFrozen(add(x, 1))).toBe(true);
  });
});

test("operators that do nothing add no node", () => {
  const image = input("image", [1, 2, 4, 4]);
  for (const same of [
    add(x, 0),
    add(0, x),
    sub(x, 0),
    mul(x, 1),
    mul(1, x),
    div(x, 1),
    pow(x, 1),
    neg(neg(x)),
    reshape(x, [2, -1]),
    reshape(reshape(x, [6]), [2, 3]),
    transpose(transpose(x)),
    slice(x, { axis: 0 }),
    pad(x, [0, 0, 0, 0]),
    concat([x], 1),
    expand(x, [2, 3]),
    ...split(x, [3], 1),
  ])
    expect(same).toBe(x);
  expect(upsampleNearest(image, 1)).toBe(image);
});

test("chains of reshapes and transposes collapse", () => {
  expect(reshape(reshape(x, [6]), [3, 2])).toBe(reshape(x, [3, 2]));
  const y = input("y", [2, 3, 4]);
  expect(transpose(transpose(y, [1, 2, 0]), [1, 0, 2])).toBe(transpose(y, [2, 1, 0]));
});

test("axes of one element move by another shape, and there is nothing to reverse in them", () => {
  const y = input("y", [2, 1, 3, 1]);
  expect(transpose(y, [1, 0, 3, 2])).toBe(reshape(y, [1, 2, 1, 3]));
  expect(transpose(y, [2, 1, 0, 3]).op).toBe("Transpose");
  expect(slice(y, { axis: 1, step: -1 }, { axis: 3, step: 2 })).toBe(y);
  expect(slice(y, { axis: 1, end: 0 }).shape).toEqual([2, 0, 3, 1]);
});

describe("topological", () => {
  test("puts inputs before users, each node once", () => {
    const shared = mul(x, x);
    const order = topological([add(shared, neg(shared)), shared]);
    expect(new Set(order).size).toBe(order.length);
    for (const [i, node] of order.entries())
      for (const child of node.inputs) expect(order.indexOf(child)).toBeLessThan(i);
  });

  test("takes expressions that are deeper than the call stack", () => {
    let y: Tensor = x;
    for (let i = 0; i < 20_000; i++) y = neg(add(y, 1));
    expect(topological([y])).toHaveLength(40_002);
  });
});

test("substitute replaces nodes wherever they are used", () => {
  const y = input("y", [2, 3]);
  const f = (t: Tensor) => conv(reshape(mul(t, t), [1, 2, 3]), input("w", [4, 2, 1]));
  expect(substitute([f(x)], new Map([[x, y]]))[0]).toBe(f(y));
});
