// Measures of how good scores and samples are, against closed forms.
import { expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import { energyDistance } from "../../lib/theory/energy-distance.ts";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";
import { modeWeights } from "../../lib/theory/mode-weights.ts";
import { relativeScoreError } from "../../lib/theory/score-error.ts";

const normals = (n: number, shift: number, seed: number) => {
  const x = new Float64Array(n);
  const random = stream(seed, "distances");
  return x.map(() => shift + random.normal());
};

test("a score of zero has error 1, one that is 10 % too large 0.01", () => {
  const truth = normals(100, 0, 1);
  expect(relativeScoreError(new Float64Array(100), truth)).toBe(1);
  expect(
    relativeScoreError(
      truth.map((s) => 1.1 * s),
      truth,
    ),
  ).toBeCloseTo(0.01, 12);
});

// E|X - Y| of N(0,1) and N(m,1) is the mean of a folded normal of variance 2: 2 phi(m/√2)/√2·… = √2 (2 phi(u) + u (2 Phi(u) - 1)), u = m/√2.
test("the energy distance of two normals is the closed form, and 0 without a shift", () => {
  const u = 1 / Math.SQRT2;
  const phi = Math.exp(-(u ** 2) / 2) / Math.sqrt(2 * Math.PI);
  const Phi = 0.7602499389; // of u = 0.7071
  const expected = 2 * Math.SQRT2 * (2 * phi + u * (2 * Phi - 1)) - 4 / Math.sqrt(Math.PI);
  // Standard errors of about 0.02 and 0.002 at 3,000 points; four of them are allowed.
  expect(Math.abs(energyDistance(normals(3000, 0, 1), normals(3000, 1, 2), 1) - expected)).toBeLessThan(0.08);
  expect(Math.abs(energyDistance(normals(3000, 0, 1), normals(3000, 0, 2), 1))).toBeLessThan(0.008);
});

test("in two dimensions distances are Euclidean", () => {
  expect(energyDistance([0, 0, 0, 0], [3, 4, 3, 4], 2)).toBeCloseTo(10, 12);
});

test("mode weights count which component a sample comes from", () => {
  const mixture = GaussianMixture.of([
    { weight: 1, mean: [-5, 0], covariance: 1 },
    { weight: 1, mean: [5, 0], covariance: 1 },
  ]);
  const [left, right] = modeWeights(mixture, [-5, 0, -4, 1, 6, 0, -6, -1]);
  expect(left).toBeCloseTo(0.75, 6);
  expect(right).toBeCloseTo(0.25, 6);
});
