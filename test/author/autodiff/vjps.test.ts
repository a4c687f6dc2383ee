// Every rule of the VJP table against central differences, to first and second order, and on ONNX Runtime.
import { describe, expect, test } from "bun:test";
import { gradient, jvp, vjp } from "../../../lib/author/autodiff/gradient.ts";
import { vjps } from "../../../lib/author/autodiff/vjps.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, mean, mul, neg, sin, stopGradient, sum } from "../../../lib/author/graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { expectAgreement, randomFeeds, relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";
import { type Case, cases } from "./cases.ts";

/** Differences are off by about 1e-9, the library's float32 constants by 6e-8. */
const tolerance = 1e-6;

const inputs = (name: string, like: readonly Tensor[]) => like.map((x, i) => input(`${name}${i}`, x.shape));

const inner = (as: readonly Tensor[], bs: readonly Tensor[]) =>
  as.map((a, i) => sum(mul(a, bs[i]!))).reduce((a, b) => add(a, b));

/** The feeds `name0`, `name1`, … as directions in which x0, x1, … move. */
const along = (name: string, xs: readonly Tensor[], feeds: Feeds) =>
  Object.fromEntries(xs.map((_, i) => [`x${i}`, feeds[`${name}${i}`]!]));

function setUp({ shapes, y: expression }: Case) {
  const xs = shapes.map((shape, i) => input(`x${i}`, shape));
  const y = expression(...xs);
  const [d, e] = [inputs("d", xs), inputs("e", xs)];
  const c = input("c", y.shape);
  return { xs, y, c, d, e, feeds: randomFeeds([y, c, ...xs, ...d, ...e], 7) };
}

/** Functions of y whose cotangents are dense and depend on y, or repeat one number. */
const scalars: Record<string, (y: Tensor, c: Tensor) => Tensor> = {
  "a weighted sum of y + y²": (y, c) => sum(mul(c, mul(y, add(y, 1)))),
  "the sum": (y) => sum(y),
  "a function of the mean": (y) => sin(mean(y)),
};

function expectDerivative(derivative: Tensor, f: Tensor, feeds: Feeds, directions: Feeds): void {
  const [got] = evaluate([derivative], feeds);
  const wanted = directionalDifference(f, feeds, directions);
  // A sum that cancels is judged by the size of its function.
  const size = Math.max(...Array.from(evaluate([f], feeds)[0]!, Math.abs), 1);
  const error = relativeError([...got!, size], [...wanted, size]);
  if (!(error < tolerance)) expect.unreachable(`got ${got}, differences give ${wanted}, off by ${error}`);
}

const named = (op: string) => cases[op as OpType].map((of, i) => [`case ${i}`, of] as const);

describe.each(Object.keys(vjps).filter((op) => op !== "StopGradient"))("%s", (op) => {
  test.each(named(op))("%s, to second order", async (_, of) => {
    const { xs, y, c, d, e, feeds } = setUp(of);
    expect(topological([y]).some((node) => node.op === op)).toBe(true);
    const derivatives = Object.values(scalars).flatMap((scalar) => {
      const f = scalar(y, c);
      const first = gradient(f, xs);
      const slope = inner(first, d);
      const second = gradient(slope, xs);
      expectDerivative(slope, f, feeds, along("d", xs, feeds));
      expectDerivative(inner(second, e), slope, feeds, along("e", xs, feeds));
      return [...first, ...second];
    });
    await expectAgreement(derivatives, feeds, 1e-5);
  });

  test.each(named(op))("%s, forward", (_, of) => {
    const { xs, y, c, d, feeds } = setUp(of);
    const forward = xs.map((x, i) => jvp(y, x, d[i]!)).reduce((a, b) => add(a, b));
    expect(forward.shape).toEqual(y.shape);
    expectDerivative(forward, y, feeds, along("d", xs, feeds));
    const names = topological([forward]).map((node) => isOp(node, "Input") && node.attrs.name);
    expect(names).not.toContain("jvp.u");
    const backward = inner(
      xs.map((x) => vjp(y, x, c)),
      d,
    );
    const [uJv, uJvToo] = evaluate([sum(mul(c, forward)), backward], feeds);
    expect(uJv![0]).toBeCloseTo(uJvToo![0]!, 10);
  });
});

describe("StopGradient", () => {
  const x = input("x", [3]);

  test("is a constant factor", () => {
    const [g] = gradient(sum(mul(stopGradient(mul(x, x)), x)), [x]);
    const feeds = { x: { data: [1, -2, 3], shape: [3] } };
    expect([...evaluate([g!], feeds)[0]!]).toEqual([1, 4, 9]);
  });

  test("lets nothing through", () => {
    const [g] = gradient(sum(stopGradient(neg(x))), [x]);
    expect([...evaluate([g!], {})[0]!]).toEqual([0, 0, 0]);
  });
});
