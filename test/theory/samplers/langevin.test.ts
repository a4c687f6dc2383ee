// Langevin's coefficients against the papers' step sizes and its exact stationary variance.
import { expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import { langevinStep, type SamplerOptions, type Step } from "../../../lib/theory/samplers/sampler.ts";
import { walkAll } from "../../../lib/theory/samplers/walk.ts";

const options = (changes: Partial<SamplerOptions>): SamplerOptions => ({
  sigmas: geometricSigmas(1, 0.01, 10),
  sigmaData: 1,
  stepsPerLevel: 1,
  steps: 100,
  stepSize: 2e-5,
  denoise: false,
  ...changes,
});

// c = sqrt(2 alpha).
const alphaOf = ({ c }: Step): number => c ** 2 / 2;
const annealed = (changes: Partial<SamplerOptions>): Step[] => [
  ...samplers["annealed-langevin"].steps(options(changes)),
];

test("step sizes of NCSN: .2 at the first level, 2e-5 at the last", () => {
  const steps = annealed({});
  expect(alphaOf(steps[0]!)).toBeCloseTo(0.2, 12);
  expect(alphaOf(steps[9]!)).toBeCloseTo(2e-5, 15);
});

test("step sizes of NCSNv2 on CIFAR-10: 155 at the first level, 6.2e-6 at the last", () => {
  const steps = annealed({ sigmas: geometricSigmas(50, 0.01, 232), stepSize: 6.2e-6, stepsPerLevel: 5 });
  expect(steps).toHaveLength(1160);
  expect(alphaOf(steps[0]!)).toBeCloseTo(155, 9);
  expect(alphaOf(steps[1159]!)).toBeCloseTo(6.2e-6, 15);
});

// x + alpha score + sqrt(2 alpha) z, with the score of the exact denoiser.
test("the three numbers are the Langevin step", () => {
  const [sigma, alpha, x, denoised, z] = [0.4, 0.03, 1.3, 0.9, -0.7];
  const { a, b, c } = langevinStep(sigma, alpha);
  const score = (denoised - x) / sigma ** 2;
  expect(a * x + b * denoised + c * z).toBeCloseTo(x + alpha * score + Math.sqrt(2 * alpha) * z, 14);
});

// Data N(0, v) under noise sigma have variance V = v + sigma^2, and x + alpha score + sqrt(2 alpha) z gives the recurrence
// u <- (1 - alpha/V)^2 u + 2 alpha, whose fixed point is V / (1 - alpha / (2 V)). The paper's alpha/2 would put a 4 there.
const stationary = (V: number, alpha: number): number => V / (1 - alpha / (2 * V));

// At sigma 0 the "denoised" x + score is x - x/V.
const towards = (V: number, sigma: number): number => 1 - (sigma > 0 ? sigma ** 2 : 1) / V;
const plain = (sigma: number, stepSize: number, steps: number): Step[] => [
  ...samplers.langevin.steps(options({ sigmas: [sigma], stepSize, steps })),
];

function varianceAfter(steps: readonly Step[], V: number): number {
  let now = 9;
  for (const { sigma, a, b, c } of steps) now = (a + b * towards(V, sigma)) ** 2 * now + c ** 2;
  return now;
}

const settings = [
  { v: 1, sigma: 0.5, alpha: 0.01 },
  { v: 1, sigma: 0.5, alpha: 0.45 },
  { v: 4, sigma: 0, alpha: 0.1 },
  { v: 0.3, sigma: 0, alpha: 0.5 },
  // 200 sigma^2: data with a width of their own allow it.
  { v: 1, sigma: 0.05, alpha: 0.5 },
];

test.each(settings)("stationary variance of $v at sigma $sigma, step $alpha, by the recurrence", (at) => {
  const V = at.v + at.sigma ** 2;
  expect(varianceAfter(plain(at.sigma, at.alpha, 4000), V)).toBeCloseTo(stationary(V, at.alpha), 10);
});

test("steps of 2 V and more diverge, smaller ones do not", () => {
  expect(varianceAfter(plain(0, 1.99, 4000), 1)).toBeCloseTo(stationary(1, 1.99), 6);
  expect(varianceAfter(plain(0, 2.01, 4000), 1)).toBeGreaterThan(1e6);
});

// Independent chains, so that the standard error is that of independent normal numbers; a false alarm in 370 seeds each.
test.each(settings.slice(1))(
  "stationary variance of $v at sigma $sigma, step $alpha, by simulation",
  (at) => {
    const V = at.v + at.sigma ** 2;
    const chains = 10_000;
    const ends = walkAll({
      steps: plain(at.sigma, at.alpha, Math.ceil((8 * V) / at.alpha)),
      score: ([x]) => [-x! / V],
      x: new Float64Array(chains),
      dimensions: 1,
      seed: 1,
    });
    const found = ends.reduce((sum, x) => sum + x ** 2, 0) / chains;
    const standardError = stationary(V, at.alpha) * Math.sqrt(2 / chains);
    expect(Math.abs(found - stationary(V, at.alpha))).toBeLessThan(3 * standardError);
    // The finite step is visible where it is large: V itself, and the formula with the paper's alpha/2, are far off.
    if (at.alpha > 0.3 * V) {
      expect(found - V).toBeGreaterThan(7 * standardError);
      expect(found - V / (1 - at.alpha / (4 * V))).toBeGreaterThan(7 * standardError);
    }
  },
);

test("without noise there is nothing to denoise", () => {
  const clean = options({ sigmas: [0], denoise: true, steps: 7 });
  const steps = [...samplers.langevin.steps(clean)];
  expect(steps).toEqual(Array(7).fill(langevinStep(0, clean.stepSize)));
  expect(samplers.langevin.nfe(clean)).toBe(7);
  expect(samplers.langevin.fitBudget(clean, 30).steps).toBe(30);
});

test("annealed steps that diverge are refused, with the largest that would not", () => {
  expect(() => annealed({ stepSize: 2e-4 })).toThrow(UserError);
  expect(() => annealed({ stepSize: 2e-4 })).toThrow("below 0.000200");
  expect(() => annealed({ stepSize: 0 })).toThrow(UserError);
});

test("step sizes that are no step are refused", () => {
  for (const alpha of [0, -1, Number.NaN, Infinity])
    expect(() => langevinStep(0.5, alpha)).toThrow(UserError);
});

test("a step size that the user chose stays as it is on a thinner ladder", () => {
  const { fitBudget } = samplers["annealed-langevin"];
  expect(fitBudget(options({ stepChosen: true }), 5).stepSize).toBe(2e-5);
  expect(fitBudget(options({ stepChosen: false }), 5).stepSize).toBeGreaterThan(2e-5);
});

test("ladders that do not descend are refused", () => {
  for (const sigmas of [[], [1, 2], [1, 0], [0, 0], [1, Number.NaN]])
    expect(() => annealed({ sigmas })).toThrow("descend");
});
