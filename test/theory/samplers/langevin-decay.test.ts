// The decaying step: its schedule, and that it leaves less bias than the step it starts with.
import { expect, test } from "bun:test";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { Step } from "../../../lib/theory/samplers/sampler.ts";
import { walkAll } from "../../../lib/theory/samplers/walk.ts";

const stepSize = 0.8;
const steps = (name: "langevin" | "langevin-decay", count = 400): Step[] => [
  ...samplers[name].steps({
    sigmas: [0],
    sigmaData: 1,
    stepsPerLevel: 1,
    steps: count,
    stepSize,
    denoise: true,
  }),
];
const alphas = (count: number): number[] => steps("langevin-decay", count).map(({ c }) => c ** 2 / 2);

test("steps fall polynomially, from the given one to a tenth of it", () => {
  const found = alphas(1000);
  expect(found[0]).toBeCloseTo(stepSize, 14);
  expect(found[999]).toBeCloseTo(stepSize / 10, 14);
  // alpha^(-1/.55) is a straight line in t.
  const line = found.map((alpha) => alpha ** (-1 / 0.55));
  const slope = (line[999]! - line[0]!) / 999;
  for (const [t, value] of line.entries()) expect(value).toBeCloseTo(line[0]! + slope * t, 9);
  expect(alphas(1)).toEqual([expect.closeTo(stepSize, 14)]);
});

// N(0, 1): u <- (1 - alpha)^2 u + 2 alpha. The fixed step ends at 1 / (1 - .4) = 1.67, the last alone would at 1.04.
test("the bias of the variance is smaller, exactly and by simulation", () => {
  const exact = (name: "langevin" | "langevin-decay"): number =>
    steps(name).reduce((u, { a, c }) => a ** 2 * u + c ** 2, 9);
  expect(exact("langevin")).toBeCloseTo(1 / 0.6, 10);
  expect(exact("langevin-decay")).toBeGreaterThan(1 / 0.96);
  expect(exact("langevin-decay")).toBeLessThan(1.045);

  const chains = 5000;
  const simulated = walkAll({
    steps: steps("langevin-decay"),
    score: ([x]) => [-x!],
    x: new Float64Array(chains).fill(3),
    dimensions: 1,
    seed: 3,
  });
  const found = simulated.reduce((sum, x) => sum + x ** 2, 0) / chains;
  expect(Math.abs(found - exact("langevin-decay"))).toBeLessThan(4 * Math.sqrt(2 / chains));
});
