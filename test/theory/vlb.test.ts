// The terms of DDPM's bound against published numbers, numerical integrals and the divergences that they abbreviate.
import { expect, test } from "bun:test";
import { normalCdf } from "../../lib/theory/normal-distribution.ts";
import { noiseVariance, posteriorMean } from "../../lib/theory/schedules/discrete-schedule.ts";
import { openSchedule } from "../../lib/theory/schedules/index.ts";
import { BITS, decoderTerm, epsWeight, gaussianKl, priorTerm } from "../../lib/theory/vlb.ts";

const linear = openSchedule({ name: "ddpm" }).discrete!;

test("the divergence of two Gaussians is its integral", () => {
  const density = (x: number, mean: number, log: number): number =>
    Math.exp(-((x - mean) ** 2) / (2 * Math.exp(log)) - (log + Math.log(2 * Math.PI)) / 2);
  for (const [m, a, n, b] of [
    [0, 0, 0, 0],
    [0.5, -1, 0.3, 0.4],
    [-2, 0.7, 1, 0.7],
  ] as const) {
    let sum = 0;
    for (let x = -16; x <= 16; x += 0.005) {
      const p = density(x, m, a);
      if (p > 1e-300) sum += 0.005 * p * Math.log(p / density(x, n, b));
    }
    expect(gaussianKl({ mean: m, logVariance: a }, { mean: n, logVariance: b })).toBeCloseTo(sum, 9);
  }
});

test("nearly equal variances keep their digits", () => {
  const kl = gaussianKl({ mean: 0, logVariance: 1e-6 }, { mean: 0, logVariance: 0 });
  expect(Math.abs(kl / 2.5e-13 - 1)).toBeLessThan(1e-3);
});

test("L_T of linear betas, |x_0| = 1: 2.9e-5 bits", () => {
  expect((priorTerm(linear, 1) * BITS).toPrecision(2)).toBe("0.000029");
  const { alphaBars, steps } = linear;
  for (const x0 of [0, 0.4, 1]) {
    const posterior = {
      mean: Math.sqrt(alphaBars[steps]!) * x0,
      logVariance: Math.log1p(-alphaBars[steps]!),
    };
    expect(priorTerm(linear, x0 ** 2) / gaussianKl(posterior, { mean: 0, logVariance: 0 })).toBeCloseTo(1, 6);
  }
});

// Index t - 1 of the published arrays.
test.each([
  [2, "posterior", "0.59967"],
  [11, "posterior", "0.078977"],
  [101, "posterior", "0.010178"],
  [501, "posterior", "0.0055145"],
  [1000, "posterior", "0.0102045"],
  [1, "beta", "0.50005"],
  [2, "beta", "0.27269"],
  [11, "beta", "0.068224"],
] as const)("the weight of eps in L_(t-1) at t = %d with %s", (t, variance, printed) => {
  const digits = printed.replace(/^0\.0*/, "").length;
  expect(Number(epsWeight(linear, t, variance).toPrecision(digits))).toBe(Number(printed));
});

test("no weight is finite without variance", () => {
  expect(epsWeight(linear, 1, "posterior")).toBe(Infinity);
});

// A network whose eps is off by d has a mean that is off through x_0 = (x_t - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar).
test("the weight is that of the divergence, not 1 / (2 sigma²)", () => {
  for (const t of [2, 40, 500, 1000]) {
    const d = 0.3;
    const x0Error = (d * Math.sqrt(noiseVariance(linear, t))) / Math.sqrt(linear.alphaBars[t]!);
    const logVariance = Math.log(linear.posteriorVariances[t]!);
    const mean = posteriorMean(linear, t).x0 * x0Error;
    const kl = gaussianKl({ mean: 0, logVariance }, { mean, logVariance });
    expect(Math.abs(kl / (epsWeight(linear, t, "posterior") * d ** 2) - 1)).toBeLessThan(1e-9);
    expect(d ** 2 / (2 * linear.posteriorVariances[t]!) / kl).toBeGreaterThan(10);
  }
});

const values = Array.from({ length: 256 }, (_, i) => (i / 255) * 2 - 1);

test("the decoder's 256 probabilities sum to 1", () => {
  for (const [mean, std] of [
    [0.1, 0.3],
    [-1, 0.05],
    [1.2, 0.5],
  ] as const) {
    const total = values.reduce((sum, value) => sum + Math.exp(-decoderTerm(value, mean, std)), 0);
    // The floor of 1e-12 may add that much 256 times.
    expect(total).toBeCloseTo(1, 9);
  }
});

test("the decoder: inner bins, open outer bins, both tails, the floor", () => {
  const std = 0.1;
  const at = (i: number): number => Math.exp(-decoderTerm(values[i]!, 0, std));
  expect(at(128)).toBeCloseTo(normalCdf(2 / 255 / std) - 0.5, 14);
  expect(Math.exp(-decoderTerm(-1, -0.9, std))).toBeCloseTo(normalCdf((-0.1 + 1 / 255) / std), 14);
  expect(Math.exp(-decoderTerm(1, 0.9, std))).toBeCloseTo(normalCdf((-0.1 + 1 / 255) / std), 14);
  for (const i of [0, 40, 60, 100])
    expect(decoderTerm(values[i]!, 0, std)).toBe(decoderTerm(-values[i]!, 0, std));
  expect(decoderTerm(1, -1, 0.01)).toBe(-Math.log(1e-12));
  expect(decoderTerm(-1, -1, 1e-4)).toBeCloseTo(0, 14);
});

test("the originals' tanh is a little off", () => {
  const tanh = (u: number): number => (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (u + 0.044715 * u ** 3))) / 2;
  let worst = 0;
  for (let u = -6; u <= 6; u += 0.001) worst = Math.max(worst, Math.abs(tanh(u) - normalCdf(u)));
  expect(worst).toBeGreaterThan(1e-4);
  expect(2 * worst).toBeLessThan(4e-4);
});

// A model that knows the data, N(0, 1): q(x_(t-1) | x_t) = N(sqrt(1 - beta_t) x_t, beta_t). Then L_T, the sum and the cross entropy of
// x_0 given x_1 are together the entropy of the data, whatever the betas (Ho et al. 2020, section 3.2).
test("the bound of a perfect model of N(0, 1) is its entropy", () => {
  let bound = priorTerm(linear, 1);
  for (let t = 2; t <= 1000; t++) {
    const { x0, xt } = posteriorMean(linear, t);
    const [beta, bar] = [linear.betas[t]!, linear.alphaBars[t]!];
    const off = xt - Math.sqrt(1 - beta);
    const gap = x0 ** 2 + 2 * x0 * off * Math.sqrt(bar) + off ** 2;
    const q = { mean: 0, logVariance: Math.log(linear.posteriorVariances[t]!) };
    bound += gaussianKl(q, { mean: Math.sqrt(gap), logVariance: Math.log(beta) });
  }
  bound += (1 + Math.log(2 * Math.PI * linear.betas[1]!)) / 2;
  expect(bound).toBeCloseTo((1 + Math.log(2 * Math.PI)) / 2, 10);
});
