// The minima that theory gives: implicit and denoising score matching on Gaussian data, reached by descent on our gradients.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, matmul, mean, mul, square, transpose } from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { denoising } from "../../../lib/author/objectives/denoising.ts";
import { implicit } from "../../../lib/author/objectives/implicit.ts";
import type { Objective, Score } from "../../../lib/author/objectives/objective.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";
import { lossesOf, repeated } from "./cases.ts";

/** The loss after descent from a score of zero, s = x·Aᵀ + b; the loss is convex in A and b. */
function descend(objective: Objective, feeds: Feeds, weigh: (losses: Tensor) => Tensor, rate: number) {
  const [batch, dimensions] = feeds.x!.shape as [number, number];
  const [A, b] = [input("A", [dimensions, dimensions]), input("b", [dimensions])];
  const score: Score = (x) => add(matmul(x, transpose(A)), b);
  const loss = mean(weigh(lossesOf(objective, [batch, dimensions], { score })));
  const outputs = [loss, ...gradient(loss, [A, b])];
  let at = { A: repeated([0], dimensions ** 2, A.shape), b: repeated([0], dimensions) };
  for (let step = 0; step < 400; step++) {
    const [, dA, db] = evaluate(outputs, { ...feeds, ...at });
    const moved = (value: { readonly data: ArrayLike<number> }, slope: Float64Array) =>
      Float64Array.from(value.data, (entry, i) => entry - rate * slope[i]!);
    at = { A: { data: moved(at.A, dA!), shape: A.shape }, b: { data: moved(at.b, db!), shape: b.shape } };
  }
  return evaluate([loss], { ...feeds, ...at })[0]![0]!;
}

/** Of a linear score the loss depends on the data's first two moments alone, and m ± √D·(columns of L) has those of N(m, L·Lᵀ). */
function moments(m: readonly number[], L: readonly (readonly number[])[]) {
  const D = m.length;
  return [1, -1].flatMap((sign) =>
    m.map((_, column) => m.map((value, d) => value + sign * Math.sqrt(D) * L[d]![column]!)),
  );
}

describe("implicit score matching reaches", () => {
  const fits = (m: number[], L: number[][], rate: number) => {
    const points = moments(m, L);
    const shape = [points.length, m.length];
    const feeds = {
      x: { data: points.flat(), shape },
      sigma: repeated([0], points.length),
      z: repeated([0], points.length * m.length, shape),
    };
    return descend(implicit, feeds, (losses) => losses, rate);
  };

  test.each([1, 2, 4])("-1/2 per dimension on N(0, I) of %d dimensions", (D) => {
    const identity = Array.from({ length: D }, (_, i) =>
      Array.from({ length: D }, (_, j) => Number(i === j)),
    );
    const loss = fits(Array(D).fill(0), identity, D / 4);
    expect(Math.abs(loss + 1 / 2)).toBeLessThan(0.01 / 2);
  });

  test("-1/2 tr S⁻¹ on N(m, S)", () => {
    // S = L·Lᵀ = [[1, 0.3], [0.3, 0.58]].
    const loss = fits(
      [0.4, -0.3],
      [
        [1, 0],
        [0.3, 0.7],
      ],
      0.5,
    );
    const traceOfInverse = (1 + 0.58) / (1 * 0.58 - 0.3 ** 2);
    expect(Math.abs(loss / (-traceOfInverse / 2 / 2) - 1)).toBeLessThan(0.01);
  });
});

describe("sigma²-weighted denoising score matching reaches 1/2 · c²/(c² + sigma²) per dimension on N(0, c²)", () => {
  test.each([
    [1, 0.5],
    [0.5, 1],
    [2, 0.25],
    [1, 4],
  ])("c = %d, sigma = %d", (c, sigma) => {
    // The products of ±c and ±1 have the second moments of data and noise.
    const feeds = {
      x: { data: [c, c, -c, -c], shape: [4, 1] },
      z: { data: [1, -1, 1, -1], shape: [4, 1] },
      sigma: repeated([sigma], 4),
    };
    const weigh = (losses: Tensor) => mul(losses, square(input("sigma", [4])));
    const start = evaluate(
      [mean(weigh(lossesOf(denoising, [4, 1], { score: (x) => mul(x, 0) })))],
      feeds,
    )[0]![0]!;
    expect(start).toBeCloseTo(1 / 2, 12);
    const loss = descend(denoising, feeds, weigh, 1 / (c ** 2 + sigma ** 2) / sigma ** 2);
    const optimum = (0.5 * c ** 2) / (c ** 2 + sigma ** 2);
    expect(Math.abs(loss / optimum - 1)).toBeLessThan(0.02);
  });
});
