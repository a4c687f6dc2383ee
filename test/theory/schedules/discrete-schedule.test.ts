// DDPM's chain against golden values, against Bayes' rule, and against slips that texts about it make.
import { expect, test } from "bun:test";
import {
  clippedLogPosteriorVariance,
  type DiscreteSchedule,
  posteriorMean,
  respaced,
} from "../../../lib/theory/schedules/discrete-schedule.ts";
import { openSchedule } from "../../../lib/theory/schedules/index.ts";

const linear = openSchedule({ name: "ddpm" }).discrete!;
const cosine = openSchedule({ name: "cosine" }).discrete!;
const grid = [2, 3, 10, 101, 500, 1000];

/** To `digits` significant digits. */
function expectDigits(actual: number, expected: number, digits: number): void {
  expect(Number(actual.toPrecision(digits))).toBe(Number(expected.toPrecision(digits)));
}

test("linear betas", () => {
  expectDigits(linear.betas[1]!, 1e-4, 15);
  expectDigits(linear.betas[1000]!, 0.02, 15);
  expectDigits(linear.alphaBars[1]!, 0.9999, 15);
  expectDigits(linear.alphaBars[500]!, 0.0785872, 6);
  expectDigits(linear.alphaBars[1000]!, 4.03583e-5, 6);
  expectDigits(linear.posteriorVariances[2]!, 5.453188e-5, 7);
  expectDigits(clippedLogPosteriorVariance(linear, 1), -9.816725, 7);
  expectDigits(clippedLogPosteriorVariance(linear, 2), -9.816725, 7);
  expectDigits(linear.posteriorVariances[1000]!, 0.01999998, 7);
  const { x0, xt } = posteriorMean(linear, 501);
  expectDigits(x0, 0.003058057, 7);
  expectDigits(xt, 0.994104351, 9);
});

test("cosine betas", () => {
  expectDigits(cosine.betas[1]!, 4.128422e-5, 7);
  expectDigits(cosine.betas[501]!, 0.003155691, 7);
  expect(cosine.betas[1000]!).toBe(0.999);
  expectDigits(cosine.alphaBars[500]!, 0.4938436, 7);
  expectDigits(openSchedule({ name: "cosine", steps: 4000 }).discrete!.betas[1]!, 9.865819e-6, 7);
});

// Chen 2023, Algorithm 1: alpha_bar is 1/2 halfway, and symmetric about it.
test("sigmoid betas", () => {
  const { alphaBars, betas } = openSchedule({ name: "sigmoid" }).discrete!;
  expect(alphaBars[500]!).toBeCloseTo(0.5, 12);
  for (const t of [1, 100, 400]) expect(alphaBars[t]! + alphaBars[1000 - t]!).toBeCloseTo(1, 12);
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
  expect(alphaBars[250]!).toBeCloseTo((logistic(3) - logistic(-1.5)) / (logistic(3) - logistic(-3)), 12);
  expect(betas[1000]!).toBe(0.999);
});

test("alpha_bar_t is the product up to t, not up to T", () => {
  let product = 1;
  for (let t = 1; t <= 1000; t++) {
    product *= 1 - linear.betas[t]!;
    expect(Math.abs(linear.alphaBars[t]! / product - 1)).toBeLessThan(1e-12);
  }
});

// x_t = sqrt(1 - beta) x_(t-1) + sqrt(beta) z, step after step; a standard deviation of 1 - alpha_bar would not do.
test("noise steps compose to a variance of 1 - alpha_bar", () => {
  let variance = 0;
  for (let t = 1; t <= 1000; t++) {
    variance = (1 - linear.betas[t]!) * variance + linear.betas[t]!;
    expect(variance).toBeCloseTo(1 - linear.alphaBars[t]!, 12);
  }
  const t = 100;
  expect(Math.abs(Math.sqrt(1 - linear.alphaBars[t]!) - (1 - linear.alphaBars[t]!))).toBeGreaterThan(0.1);
});

// The product of q(x_t | x_(t-1)), a Gaussian in x_(t-1) about x_t / sqrt(alpha_t), and q(x_(t-1) | x_0).
function byBayes({ betas, alphaBars }: DiscreteSchedule, t: number) {
  const [beta, before] = [betas[t]!, alphaBars[t - 1]!];
  const likelihood = (1 - beta) / beta;
  const prior = 1 / (1 - before);
  const variance = 1 / (likelihood + prior);
  return {
    variance,
    x0: Math.sqrt(before) * prior * variance,
    xt: (likelihood / Math.sqrt(1 - beta)) * variance,
  };
}

test.each([
  ["linear", linear],
  ["cosine", cosine],
])("%s: the posterior is Bayes' rule", (_, chain) => {
  for (const t of grid) {
    const { variance, x0, xt } = byBayes(chain, t);
    const mean = posteriorMean(chain, t);
    expect(Math.abs(chain.posteriorVariances[t]! / variance - 1)).toBeLessThan(1e-8);
    expect(Math.abs(mean.x0 / x0 - 1)).toBeLessThan(1e-8);
    expect(Math.abs(mean.xt / xt - 1)).toBeLessThan(1e-8);
  }
});

test("at t = 1 the posterior is the data", () => {
  expect(linear.posteriorVariances[1]!).toBe(0);
  expect(posteriorMean(linear, 1)).toEqual({ x0: expect.closeTo(1, 12), xt: 0 });
});

// Averaged over x_t given x_0 the posterior's moments must be those of x_(t-1) given x_0.
test("the posterior's moments average to the marginal's, which its misprints do not", () => {
  for (const t of grid) {
    const { x0, xt } = posteriorMean(linear, t);
    const [now, before] = [linear.alphaBars[t]!, linear.alphaBars[t - 1]!];
    expect(x0 + xt * Math.sqrt(now)).toBeCloseTo(Math.sqrt(before), 12);
    expect(xt ** 2 * (1 - now) + linear.posteriorVariances[t]!).toBeCloseTo(1 - before, 12);
    // beta~ with the numerator repeated below is beta; the mean with beta_t under the root as well; the precision of
    // q(x_(t-1) | x_0) taken at t.
    const wrongVariance = linear.betas[t]!;
    const wrongMean = Math.sqrt(before * linear.betas[t]!) / (1 - now);
    const wrongBracket = (Math.sqrt(now) / (1 - now)) * linear.posteriorVariances[t]!;
    expect(Math.abs(xt ** 2 * (1 - now) + wrongVariance - (1 - before))).toBeGreaterThan(1e-8);
    expect((wrongMean + xt * Math.sqrt(now)) / Math.sqrt(before)).toBeGreaterThan(1.05);
    expect(Math.abs(wrongBracket / x0 - 1)).toBeGreaterThan(1e-3);
  }
});

test("a chain on some of the times has their alpha_bars", () => {
  const times = [1, 2, 40, 500, 999, 1000];
  const few = respaced(cosine, times);
  expect(few.steps).toBe(6);
  for (const [i, t] of times.entries())
    expect(Math.abs(few.alphaBars[i + 1]! / cosine.alphaBars[t]! - 1)).toBeLessThan(1e-10);
  expect(few.betas[3]!).toBeCloseTo(1 - cosine.alphaBars[40]! / cosine.alphaBars[2]!, 14);
  const all = Array.from({ length: 1000 }, (_, i) => i + 1);
  for (const [t, beta] of respaced(linear, all).betas.entries())
    expect(beta).toBeCloseTo(linear.betas[t]!, 14);
});

test("times that do not ascend within 1..T are refused", () => {
  for (const times of [
    [0, 1, 2],
    [3, 3],
    [5, 4],
    [1, 1001],
    [1, 2.5],
  ])
    expect(() => respaced(linear, times)).toThrow("ascend within 1..1000");
});
