// The loss-second-moment sampler: uniform until it knows enough, then by the losses, and unbiased throughout.
import { describe, expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import { LossSecondMoment, timeDraw, usualHistory } from "../../lib/theory/loss-second-moment.ts";

const steps = 20;

function sampler(history = 3, uniform = 0.1) {
  const options = { steps, history, uniform };
  return new LossSecondMoment(options, new Float32Array(steps * history), new Float32Array(steps));
}

const times = Array.from({ length: steps }, (_, i) => i + 1);
/** Losses that fall with t, as those of the bound do. */
const lossAt = (t: number) => 8 / t;

function filled(history = 3, uniform = 0.1): LossSecondMoment {
  const full = sampler(history, uniform);
  for (const t of times) for (let i = 0; i < history; i++) full.record(t, lossAt(t) * (i + 1));
  return full;
}

test("the authors' history is of 10 losses and their uniform share a thousandth", () => {
  expect(usualHistory).toEqual({ history: 10, uniform: 0.001 });
});

test("times are uniform until the last of them has its whole history", () => {
  const some = sampler();
  for (const t of times) for (let i = 0; i < (t === 7 ? 2 : 5); i++) some.record(t, lossAt(t));
  expect([...some.probabilities()]).toEqual(times.map(() => 1 / steps));
  some.record(7, Number.NaN);
  some.record(7, Number.POSITIVE_INFINITY);
  expect(some.probabilities()[0]).toBe(1 / steps);
  some.record(7, lossAt(7));
  expect(some.probabilities()[0]).not.toBe(1 / steps);
});

test("afterwards they are drawn in proportion to the root mean square of the last losses, but for the uniform share", () => {
  const full = filled();
  const root = Math.sqrt((1 + 4 + 9) / 3);
  const total = times.reduce((sum, t) => sum + lossAt(t) * root, 0);
  for (const [i, p] of full.probabilities().entries())
    expect(p).toBeCloseTo((0.9 * lossAt(i + 1) * root) / total + 0.1 / steps, 6);
  // The oldest loss of t = 1 goes: 8, 16, 24 become 16, 24, 100.
  full.record(1, 100);
  const now = Math.sqrt((16 ** 2 + 24 ** 2 + 100 ** 2) / 3);
  const rest = total - lossAt(1) * root;
  expect(full.probabilities()[0]).toBeCloseTo((0.9 * now) / (now + rest) + 0.1 / steps, 6);
});

test("losses of 0, and negative ones, leave probabilities that add up to 1", () => {
  for (const loss of [() => 0, (t: number) => t - 10]) {
    const full = sampler();
    for (const t of times) for (let i = 0; i < 3; i++) full.record(t, loss(t));
    const probabilities = full.probabilities();
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    expect(probabilities.every((p) => p >= (0.1 / steps) * 0.999)).toBe(true);
  }
});

describe("over many draws", () => {
  const N = 40_000;
  const drawn = (from: LossSecondMoment) => {
    const [draw, random] = [timeDraw(from.probabilities()), stream(4, "times")];
    return Array.from({ length: N }, () => draw(random));
  };

  // 19 degrees of freedom: chi² exceeds 43.8 once in a thousand.
  test.each([
    ["uniform", sampler()],
    ["by losses", filled()],
  ])("%s: times come as often as their probabilities say", (_, from) => {
    const counts = new Float64Array(steps);
    for (const { t } of drawn(from)) counts[t - 1]!++;
    const expected = from.probabilities().map((p) => p * N);
    expect(counts.reduce((sum, n, i) => sum + (n - expected[i]!) ** 2 / expected[i]!, 0)).toBeLessThan(43.8);
  });

  test("importance keeps the mean over uniform times, with less spread where losses are as expected", () => {
    const mean = times.reduce((sum, t) => sum + lossAt(t), 0) / steps;
    const estimateBy = (from: LossSecondMoment) => {
      const values = drawn(from).map(({ t, importance }) => importance * lossAt(t));
      const average = values.reduce((sum, value) => sum + value, 0) / N;
      const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / (N - 1);
      return { average, variance };
    };
    const [plain, important] = [estimateBy(sampler()), estimateBy(filled())];
    // Four standard errors: a false alarm in 15,000 seeds.
    for (const { average, variance } of [plain, important])
      expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt(variance / N));
    expect(important.variance).toBeLessThan(plain.variance / 20);
  });

  test("importance is exact: p_t times it is 1/T at every time", () => {
    const from = filled();
    const probabilities = from.probabilities();
    for (const { t, importance } of drawn(from).slice(0, 500))
      expect(probabilities[t - 1]! * importance).toBeCloseTo(1 / steps, 12);
  });
});
