// Contrastive divergence on a Gaussian energy, whose likelihood is known.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, mean, mul, reshape, square } from "../../../lib/author/graph/ops.ts";
import { contrastiveDivergence } from "../../../lib/author/objectives/contrastive-divergence.ts";
import type { Energy } from "../../../lib/author/objectives/objective.ts";
import { evaluate } from "../../support/evaluate.ts";
import { lossesOf, repeated } from "./cases.ts";

// E = a·x²/2 + b·x + offset is N(-b/a, 1/a).
const [a, b, offset] = [input("a", []), input("b", []), input("offset", [])];
const energy: Energy = (x) => reshape(add(add(mul(mul(square(x), 0.5), a), mul(x, b)), offset), [-1]);
const at = { a: 2, b: -1, offset: 3 };
const model = { mean: 0.5, variance: 0.5 };
const data = { mean: -0.2, variance: 1.5 };

/** Two points with the first two moments of a Gaussian, on which alone the gradient depends. */
const pair = (g: { readonly mean: number; readonly variance: number }) => ({
  data: [g.mean + Math.sqrt(g.variance), g.mean - Math.sqrt(g.variance)],
  shape: [2, 1],
});

function gradients(regularisation: number): number[] {
  const loss = mean(lossesOf(contrastiveDivergence(regularisation), [2, 1], { score: (x) => x, energy }));
  const feeds = {
    ...Object.fromEntries(Object.entries(at).map(([name, value]) => [name, { data: [value], shape: [] }])),
    x: pair(data),
    negatives: pair(model),
    sigma: repeated([0], 2),
    z: repeated([0], 2, [2, 1]),
  };
  return evaluate(gradient(loss, [a, b, offset]), feeds).map(([value]) => value!);
}

describe("the gradient", () => {
  test("is E_data ∇E - E_model ∇E, that of the negative log-likelihood, without regularisation", () => {
    const [da, db, dOffset] = gradients(0);
    const secondMoment = (g: typeof data) => g.variance + g.mean ** 2;
    expect(da).toBeCloseTo(secondMoment(data) / 2 - secondMoment(model) / 2, 12);
    expect(db).toBeCloseTo(data.mean - model.mean, 12);
    expect(dOffset).toBeCloseTo(0, 12);

    // The mean of -log N(x; -b/a, 1/a) over the data, differentiated numerically.
    const likelihood = (a: number, b: number) =>
      (a * (data.variance + (data.mean + b / a) ** 2) - Math.log(a) + Math.log(2 * Math.PI)) / 2;
    const h = 1e-5;
    expect(da).toBeCloseTo((likelihood(at.a + h, at.b) - likelihood(at.a - h, at.b)) / (2 * h), 8);
    expect(db).toBeCloseTo((likelihood(at.a, at.b + h) - likelihood(at.a, at.b - h)) / (2 * h), 8);
  });

  test("draws the energy's free constant to 0 with regularisation", () => {
    const energyOf = (x: number) => (at.a * x * x) / 2 + at.b * x + at.offset;
    const average = (points: readonly number[]) => points.reduce((total, x) => total + energyOf(x), 0) / 2;
    const wanted = 2 * 0.1 * (average(pair(data).data) + average(pair(model).data));
    expect(gradients(0.1)[2]).toBeCloseTo(wanted, 6);
    expect(wanted).toBeGreaterThan(0);
  });
});

test("a score without an energy is refused", () => {
  const refused = () => lossesOf(contrastiveDivergence(0), [2, 1], { score: (x) => x });
  expect(refused).toThrow("contrastive-divergence: expected a model of the energy");
});
