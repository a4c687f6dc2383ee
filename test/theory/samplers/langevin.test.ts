// Langevin's coefficients against the papers' step sizes and its exact stationary variance.
import { expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { stream } from "../../../lib/random.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import { langevinStep, type SamplerOptions, type Step } from "../../../lib/theory/samplers/sampler.ts";

const options = (changes: Partial<SamplerOptions>): SamplerOptions => ({
  sigmas: geometricSigmas(1, 0.01, 10),
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

// Data N(0, 1) under noise sigma: marginal variance v = 1 + sigma^2 and D(x) = x / v.
const variance = 1 + 0.5 ** 2;
const stationary = (e: number): number => variance / (1 - e / (2 * variance));

test.each([0.01, 0.1, 0.45])("stationary variance at step %d by the recurrence of variances", (e) => {
  let current = 9;
  const plain = options({ sigmas: [0.5], stepSize: e, steps: 4000 });
  for (const { a, b, c } of samplers.langevin.steps(plain))
    current = (a + b / variance) ** 2 * current + c ** 2;
  expect(current).toBeCloseTo(stationary(e), 10);
});

test("stationary variance at a large step by simulation, within 4 standard errors", () => {
  const e = 0.45;
  const chains = 20_000;
  const x = new Float32Array(chains);
  const z = new Float32Array(chains);
  const random = stream(2, "chains");
  for (const { a, b, c } of samplers.langevin.steps(options({ sigmas: [0.5], stepSize: e, steps: 60 }))) {
    random.fillNormal(z);
    for (let i = 0; i < chains; i++) x[i] = (a + b / variance) * x[i]! + c * z[i]!;
  }
  const found = x.reduce((sum, value) => sum + value ** 2, 0) / chains;
  const standardError = stationary(e) * Math.sqrt(2 / chains);
  expect(Math.abs(found - stationary(e))).toBeLessThan(4 * standardError);
  // The finite step is visible: the variance without its correction is far off.
  expect(Math.abs(found - variance)).toBeGreaterThan(10 * standardError);
});

test("steps that diverge are refused, with the largest that would not", () => {
  expect(() => [...samplers.langevin.steps(options({ sigmas: [0.5], stepSize: 0.5 }))]).toThrow("(0, 0.5)");
  expect(() => annealed({ stepSize: 2e-4 })).toThrow(UserError);
  expect(() => annealed({ stepSize: 0 })).toThrow(UserError);
});

test("ladders that do not descend are refused", () => {
  for (const sigmas of [[], [1, 2], [1, 0], [1, Number.NaN]])
    expect(() => annealed({ sigmas })).toThrow("descend");
});
