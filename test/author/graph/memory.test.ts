// What a graph's run takes: the order and the plan of ONNX Runtime in small cases, and its arena by hand.
import { describe, expect, test } from "bun:test";
import { arenaBytes } from "../../../lib/author/graph/arena.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { executionOrder, lifetimes } from "../../../lib/author/graph/execution.ts";
import { add, exp, mul, neg, reshape, sqrt, sum } from "../../../lib/author/graph/ops.ts";

const x = input("x", [4, 8]);
const bytes = 4 * 8 * 4;

describe("the order", () => {
  test("is depth first, from a node's input that the file has last", () => {
    const [first, second] = [exp(x), sqrt(x)];
    const y = add(first, second);
    expect(executionOrder([y])).toEqual([second, first, y]);
  });

  test("has each node once, and inputs before their users", () => {
    const a = exp(x);
    const b = mul(a, sqrt(a));
    const order = executionOrder([sum(mul(b, a)), neg(b)]);
    expect(new Set(order).size).toBe(order.length);
    for (const [at, node] of order.entries())
      for (const child of node.inputs) if (child !== x) expect(order.indexOf(child)).toBeLessThan(at);
  });
});

describe("the plan", () => {
  const known = { knowsShapes: true };

  test("a chain of unary operators writes over itself, and the output is the caller's", () => {
    const y = neg(sqrt(exp(mul(x, x))));
    expect(lifetimes([y], known)).toEqual([{ bytes, from: 0, to: 3 }]);
  });

  test("sums do not write over their terms, and free memory of the same shape is taken again", () => {
    // mul, exp in its place, mul, mul in the first one's place.
    const a = exp(mul(x, x));
    const b = mul(a, x);
    const c = mul(b, x);
    const y = sum(c);
    expect(lifetimes([y], known)).toEqual([
      { bytes, from: 0, to: 4 },
      { bytes, from: 2, to: 3 },
    ]);
    expect(lifetimes([y], { knowsShapes: false })).toEqual([
      { bytes, from: 0, to: 1 },
      { bytes, from: 1, to: 2 },
      { bytes, from: 2, to: 3 },
      { bytes, from: 3, to: 4 },
    ]);
  });

  test("a reshape shares its input's memory, which lives on with it", () => {
    const a = mul(x, x);
    const b = reshape(a, [32]);
    expect(lifetimes([sum(mul(b, b))], known)).toEqual([
      { bytes, from: 0, to: 2 },
      { bytes, from: 2, to: 3 },
    ]);
  });
});

describe("the arena", () => {
  const megabyte = 2 ** 20;
  const life = (size: number, from: number, to: number) => ({ bytes: size * megabyte, from, to });

  test("grows by doubling and counts what is written: 1, then 2 of 2, then 3 of 4", () => {
    expect(arenaBytes([life(1, 0, 9), life(2, 1, 9), life(3, 2, 9)])).toBe(6 * megabyte);
  });

  test("takes the smallest free chunk that fits, split unless it is less than twice as large", () => {
    // The third lies in the first's 4 MB; the fourth would fit beside it, for 1 MB is left over.
    expect(arenaBytes([life(4, 0, 1), life(2, 2, 9), life(1, 3, 9)])).toBe(4 * megabyte);
    // 3 of 4 MB are not split, so that 1 MB more takes another region.
    expect(arenaBytes([life(4, 0, 1), life(3, 2, 9), life(1, 3, 9)])).toBe(5 * megabyte);
  });

  test("joins free neighbours", () => {
    const halves = [life(8, 0, 0), life(4, 1, 2), life(4, 1, 2)];
    expect(arenaBytes([...halves, life(8, 3, 4)])).toBe(8 * megabyte);
  });
});
