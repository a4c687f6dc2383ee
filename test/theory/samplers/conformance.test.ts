// What every sampler of the registry must keep, so that a new one is tested unasked.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { balancedStep } from "../../../lib/theory/langevin-step.ts";
import { geometricSigmas, ladderRatio } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { Sampler, SamplerOptions } from "../../../lib/theory/samplers/sampler.ts";

const gamma = ladderRatio(20, 0.3, 60);
const defaults = (stepsPerLevel: number): SamplerOptions => ({
  sigmas: geometricSigmas(20, 0.3, 60),
  stepsPerLevel,
  steps: 60 * stepsPerLevel,
  stepSize: balancedStep({ sigmaMin: 0.3, gamma, stepsPerLevel }),
  sigmaData: 1,
  denoise: true,
});

// Data N(0, 1): D(x; sigma) = x / (1 + sigma^2), so that the variance of x follows exactly.
// At sigma 0 the "denoised" is x + score = 0.
function varianceOfSamples(sampler: Sampler, options: SamplerOptions): number {
  let variance = sampler.initialSigma(options) ** 2;
  for (const { sigma, a, b, c } of sampler.steps(options))
    variance = (a + (sigma > 0 ? b / (1 + sigma ** 2) : 0)) ** 2 * variance + c ** 2;
  return variance;
}

/** Samplers that need no ladder to walk down. */
const staying = new Set(["langevin", "langevin-decay"]);

describe.each(Object.entries<Sampler>(samplers))("%s", (name, sampler) => {
  test("steps are finite, at levels of the ladder, and as many as declared", () => {
    for (const denoise of [true, false]) {
      const options = { ...defaults(3), denoise };
      const steps = [...sampler.steps(options)];
      expect(steps).toHaveLength(sampler.nfe(options));
      expect(steps.every(({ a, b, c }) => [a, b, c].every(Number.isFinite))).toBe(true);
      expect(steps.every(({ sigma }) => options.sigmas.includes(sigma))).toBe(true);
      if (denoise) expect(steps.at(-1)).toMatchObject({ a: 0, b: 1, c: 0 });
    }
  });

  test("a data set of one point is left where it is: a + b = 1", () => {
    for (const { a, b } of sampler.steps(defaults(2))) expect(a + b).toBeCloseTo(1, 14);
  });

  // Without the last denoising, samples follow N(0, 1 + sigma_L^2); with it, (1 + sigma_L^2) / (1 + sigma_L^2)^2.
  test("the variance of Gaussian data is recovered, the better the more steps", () => {
    const errors = [5, 50, 500].map((stepsPerLevel) => {
      const sigmas = geometricSigmas(20, 0.3, 12 * stepsPerLevel);
      const options = { ...defaults(stepsPerLevel), sigmas, stepSize: 0.1 * 0.3 ** 2 };
      return Math.abs(varianceOfSamples(sampler, options) * (1 + 0.3 ** 2) - 1);
    });
    expect(errors[2]).toBeLessThan(0.01);
    expect(errors[1]).toBeLessThan(errors[0]! + 1e-3);
  });

  test("the score of data without noise is sampled without a final denoising, or refused", () => {
    const options = { ...defaults(1), sigmas: [0], stepSize: 0.01, steps: 2000 };
    if (!staying.has(name)) return expect(() => sampler.steps(options).next()).toThrow("use langevin");
    const steps = [...sampler.steps(options)];
    expect(steps).toHaveLength(sampler.nfe(options));
    expect(steps.every(({ sigma, c }) => sigma === 0 && c > 0)).toBe(true);
    expect(Math.abs(varianceOfSamples(sampler, options) - 1)).toBeLessThan(0.01);
    expect(sampler.nfe(sampler.fitBudget(options, 50))).toBe(50);
  });

  test("a budget is met to a tenth, never exceeded, and keeps both ends of the ladder", () => {
    for (const denoise of [true, false])
      for (const budget of [3, 10, 31, 60, 61, 66, 90, 119, 121, 150, 1000]) {
        const options = sampler.fitBudget({ ...defaults(5), denoise }, budget);
        expect(sampler.nfe(options)).toBeLessThanOrEqual(budget);
        // Some samplers cannot take more steps than the ladder has levels.
        const most = sampler.nfe({ ...options, sigmas: defaults(5).sigmas, stepsPerLevel: 1e6, steps: 1e6 });
        expect(sampler.nfe(options)).toBeGreaterThanOrEqual(Math.min(0.89 * budget - 1, most));
        expect([options.sigmas[0], options.sigmas.at(-1)]).toEqual([20, 0.3]);
        expect([...sampler.steps(options)]).toHaveLength(sampler.nfe(options));
        expect(options.sigmas.every((sigma) => defaults(5).sigmas.includes(sigma))).toBe(true);
        expect(new Set(options.sigmas).size).toBe(options.sigmas.length);
      }
  });

  test("a budget may be met on ladders of one and two levels", () => {
    for (const sigmas of [[1], [2, 1]])
      for (const budget of [3, 4, 5, 6, 7]) {
        const options = sampler.fitBudget({ ...defaults(5), sigmas, denoise: false }, budget);
        expect(options.sigmas).toEqual(sigmas);
        expect([...sampler.steps(options)]).toHaveLength(sampler.nfe(options));
      }
  });

  test("a budget too small is the user's to mend", () => {
    for (const budget of [0, 1, -5, 10.5, Number.NaN])
      expect(() => sampler.fitBudget(defaults(5), budget)).toThrow(UserError);
  });

  test("it says what it is in one line, with a source", () => {
    expect(sampler.summary).toMatch(/^[^\n]{10,100}$/);
    expect(sampler.source).toMatch(/\b(19|20)\d\d\b/);
  });
});

test("a smaller budget takes larger steps over a wider ratio", () => {
  const { fitBudget } = samplers["annealed-langevin"];
  const [few, many] = [21, 601].map((budget) => fitBudget(defaults(5), budget));
  expect([few!.sigmas.length, few!.stepsPerLevel]).toEqual([20, 1]);
  expect([many!.sigmas.length, many!.stepsPerLevel]).toEqual([60, 10]);
  expect(few!.stepSize).toBeGreaterThan(many!.stepSize);
  expect(many!.stepSize).toBe(balancedStep({ sigmaMin: 0.3, gamma, stepsPerLevel: 10 }));
});
