// Learning rates, moving averages and Adam's corrections against their formulas' closed forms.
import { expect, test } from "bun:test";
import { adamCorrections } from "../../lib/theory/adam.ts";
import { emaDecay } from "../../lib/theory/ema.ts";
import { learningRate } from "../../lib/theory/learning-rate.ts";

const cosine = { peak: 2e-4, warmup: 100, decay: "cosine", total: 1100, floor: 1e-5 } as const;

test("warm-up is linear and its first step moves", () => {
  expect(learningRate(0, cosine)).toBeCloseTo(2e-6, 15);
  expect(learningRate(49, cosine)).toBeCloseTo(1e-4, 15);
  expect(learningRate(99, cosine)).toBeCloseTo(2e-4, 15);
});

test("cosine decays from the peak through the middle to the floor, and stays there", () => {
  expect(learningRate(100, cosine)).toBeCloseTo(2e-4, 15);
  expect(learningRate(600, cosine)).toBeCloseTo((2e-4 + 1e-5) / 2, 15);
  expect(learningRate(1100, cosine)).toBeCloseTo(1e-5, 15);
  expect(learningRate(9999, cosine)).toBeCloseTo(1e-5, 15);
  for (let step = 101; step <= 1100; step++)
    expect(learningRate(step, cosine)).toBeLessThan(learningRate(step - 1, cosine));
});

test("constant stays at the peak; without warm-up it starts there", () => {
  const schedule = { ...cosine, decay: "constant", warmup: 0 } as const;
  expect([0, 5, 5000].map((step) => learningRate(step, schedule))).toEqual([2e-4, 2e-4, 2e-4]);
});

test("the moving average warms up to its decay", () => {
  expect(emaDecay(0, 0.999)).toBe(0.1);
  expect(emaDecay(90, 0.999)).toBe(0.91);
  expect(emaDecay(1e6, 0.999)).toBe(0.999);
  // (1 + n) / (10 + n) = .999 at n = 8990.
  expect(emaDecay(8989, 0.999)).toBeLessThan(0.999);
  expect(emaDecay(8991, 0.999)).toBe(0.999);
});

// The moving average of a constant 1, begun at 0, is what the correction divides by.
test("Adam's corrections undo the start at zero", () => {
  const betas = { beta1: 0.9, beta2: 0.999 };
  let [first, second] = [0, 0];
  for (let step = 1; step <= 50; step++) {
    first = 0.9 * first + 0.1;
    second = 0.999 * second + 0.001;
    const corrections = adamCorrections(betas, step);
    expect(first / corrections.first).toBeCloseTo(1, 12);
    expect(second / corrections.second).toBeCloseTo(1, 12);
  }
});
