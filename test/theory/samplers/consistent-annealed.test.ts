// Consistent annealed sampling: the noise level is right at every level, and the admissible steps are those of the paper.
import { expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { SamplerOptions } from "../../../lib/theory/samplers/sampler.ts";

const sampler = samplers["consistent-annealed"];
const sigmas = geometricSigmas(20, 0.3, 40);
const gamma = sigmas[1]! / sigmas[0]!;
const options: SamplerOptions = {
  sigmas,
  sigmaData: 1,
  stepsPerLevel: 5,
  steps: 0,
  stepSize: 0.01,
  denoise: true,
};
const chosen = (eta: number, ladder = sigmas): SamplerOptions => ({
  ...options,
  sigmas: ladder,
  stepSize: eta * 0.3 ** 2,
  stepChosen: true,
});

// Thinning rounds to levels of the ladder, so that its ratio is not constant.
const uneven = sampler.fitBudget(options, 24).sigmas as number[];
const ratios = uneven.slice(1).map((sigma, i) => sigma / uneven[i]!);

// One data point at 0: D = 0 and u <- a^2 u + c^2, from the first level's variance.
test.each([
  { name: "the ancestral step", of: options },
  { name: "the ancestral step on an uneven ladder", of: { ...options, sigmas: uneven } },
  { name: "a chosen step", of: chosen(0.5) },
  { name: "a chosen step on an uneven ladder", of: chosen(0.5, uneven) },
  { name: "the smallest step", of: chosen(1 - gamma + 1e-9) },
  { name: "the largest step", of: chosen(1 + gamma - 1e-9) },
])("the variance at each level is that level's own: $name", ({ of }) => {
  let variance = of.sigmas[0]! ** 2;
  for (const [i, { sigma, a, c }] of [...sampler.steps(of)].entries()) {
    expect(sigma).toBe(of.sigmas[i]!);
    expect(variance / sigma ** 2).toBeCloseTo(1, 12);
    variance = a ** 2 * variance + c ** 2;
  }
  expect(variance).toBe(0);
});

test("the thinned ladder of these tests is uneven", () => {
  expect(Math.max(...ratios) - Math.min(...ratios)).toBeGreaterThan(0.05);
});

// x + (sigma^2 - s^2) score + sqrt(s^2 (sigma^2 - s^2) / sigma^2) z (Song et al. 2021, Eq. 47).
test("unless a step is chosen, it is the ancestral sampler", () => {
  const steps = [...sampler.steps(options)];
  for (const [i, s] of sigmas.slice(1).entries()) {
    const sigma = sigmas[i]!;
    expect(steps[i]!.b / sigma ** 2).toBeCloseTo((sigma ** 2 - s ** 2) / sigma ** 4, 12);
    expect(steps[i]!.c).toBeCloseTo(Math.sqrt((s ** 2 * (sigma ** 2 - s ** 2)) / sigma ** 2), 12);
  }
});

// beta = sqrt(1 - ((1 - eta) / gamma)^2) as the paper writes it.
test("a chosen step has the paper's coefficients", () => {
  const eta = 0.7;
  for (const [i, { b, c }] of [...sampler.steps(chosen(eta))].slice(0, -1).entries()) {
    expect(b).toBeCloseTo(eta, 12);
    expect(c).toBeCloseTo(sigmas[i + 1]! * Math.sqrt(1 - ((1 - eta) / gamma) ** 2), 10);
  }
});

test("steps out of range are refused with the range and a way out", () => {
  const first = (of: SamplerOptions) => () => sampler.steps(of).next();
  for (const eta of [1 - gamma - 1e-6, 1 + gamma + 1e-6, 0, -1, Number.NaN])
    expect(first(chosen(eta))).toThrow(UserError);
  const [least, most] = [1 - gamma, 1 + gamma].map((bound) => (bound * 0.09).toPrecision(3));
  expect(first(chosen(0.01))).toThrow(`between ${least} and ${most}`);
  expect(first(chosen(0.01))).toThrow("leave it out");
  // The widest ratio of an uneven ladder decides: this step would do for the others.
  const eta = 1 - (Math.min(...ratios) + Math.max(...ratios)) / 2;
  expect(first(chosen(eta, uneven))).toThrow(UserError);
  expect(first({ ...chosen(eta, uneven), stepChosen: false })).not.toThrow();
});
