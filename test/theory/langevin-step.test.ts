// The balance of step sizes against NCSNv2's published values and against the recurrence it sums up.
import { expect, test } from "bun:test";
import { balance, balancedStep } from "../../lib/theory/langevin-step.ts";
import { ladderRatio } from "../../lib/theory/noise-ladder.ts";

const setting = (sigmaMax: number, levels: number, stepsPerLevel: number) => ({
  sigmaMin: 0.01,
  gamma: ladderRatio(sigmaMax, 0.01, levels),
  stepsPerLevel,
});

// Song & Ermon 2020, appendix B: ladders and steps per level; the best step sizes to as many digits as written.
test.each([
  { data: "CIFAR-10", of: setting(50, 232, 5), expected: 6.18e-6 },
  { data: "CelebA", of: setting(90, 500, 5), expected: 3.34e-6 },
  { data: "LSUN 128", of: setting(190, 1086, 3), expected: 1.77e-6 },
  { data: "FFHQ", of: setting(348, 2311, 3), expected: 8.93e-7 },
  { data: "LSUN church", of: setting(140, 788, 4), expected: 2.31e-6 },
  { data: "MNIST, 3 steps", of: setting(16, 95, 3), expected: 1.26e-5 },
  { data: "MNIST, 5 steps", of: setting(16, 95, 5), expected: 1.1e-5 },
  { data: "MNIST, 10 steps", of: setting(16, 95, 10), expected: 8.6e-6 },
])("step size of $data", ({ of, expected }) => {
  const digits = expected.toExponential().replace(/e.*|\./g, "").length;
  expect(Number(balancedStep(of).toPrecision(digits))).toBe(expected);
});

test("church's balance is almost flat between the best and the configured step", () => {
  const church = setting(140, 788, 4);
  expect(balance(balancedStep(church), church)).toBeCloseTo(1.0224, 4);
  expect(balance(4.9e-6, church)).toBeCloseTo(1.0247, 4);
});

// One data point at 0: score -x / sigma^2, start from the level above.
test("balance is the variance after T steps of the recurrence", () => {
  for (const { of, stepSize } of [
    { of: setting(16, 95, 5), stepSize: 1.1e-5 },
    { of: setting(1, 10, 100), stepSize: 2e-5 },
    { of: setting(50, 20, 1), stepSize: 1.5e-4 },
  ]) {
    let variance = of.gamma ** 2;
    const e = stepSize / of.sigmaMin ** 2;
    for (let t = 0; t < of.stepsPerLevel; t++) variance = (1 - e) ** 2 * variance + 2 * e;
    expect(balance(stepSize, of)).toBeCloseTo(variance, 12);
  }
});

test("no step of a fine grid is better balanced than the chosen one", () => {
  for (const gamma of [1.004, 1.08, 1.67, 4])
    for (const stepsPerLevel of [1, 2, 5, 100, 1000]) {
      const of = { sigmaMin: 0.02, gamma, stepsPerLevel };
      const best = Math.abs(balance(balancedStep(of), of) - 1);
      for (let e = 1e-6; e < 2; e *= 1.01)
        expect(Math.abs(balance(e * 0.0004, of) - 1)).toBeGreaterThan(best - 1e-12);
    }
});

test("a ladder that does not descend has no balanced step", () => {
  expect(() => balancedStep({ sigmaMin: 0.01, gamma: 1, stepsPerLevel: 5 })).toThrow("gamma > 1");
});
