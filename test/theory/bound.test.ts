// DDPM's bound: its value for models that know the data, the price of those that do not, and estimates from a few times.
import { expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import {
  type Bound,
  type BoundOptions,
  endings,
  type Nats,
  variationalBound,
} from "../../lib/theory/bound.ts";
import { estimate } from "../../lib/theory/estimate.ts";
import { normalCdf } from "../../lib/theory/normal-distribution.ts";
import { openSchedule } from "../../lib/theory/schedules/index.ts";
import type { Rows } from "../../lib/theory/traces.ts";
import { BITS, type ReverseVariance, reverseVariances } from "../../lib/theory/vlb.ts";
import { reverseFraction, reverseVariance } from "../support/gaussian-reverse.ts";
import { gaussianDenoiser } from "../support/solving.ts";

const chain = openSchedule({ name: "ddpm", steps: 40 }).discrete!;
const thousand = openSchedule({ name: "ddpm" }).discrete!;

const streams = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) => stream(8, "bound", first + i));

/** n points of N(0, variance I) in two dimensions. */
function normals(count: number, variance: number): Float32Array {
  const x = new Float32Array(2 * count);
  stream(6, "data").fillNormal(x);
  return x.map((value) => Math.sqrt(variance) * value);
}

async function boundOf(options: Partial<BoundOptions> & Pick<BoundOptions, "x">): Promise<Bound> {
  const dimensions = options.dimensions ?? 2;
  const perfect = gaussianDenoiser(1);
  let last: Bound | undefined;
  for await (last of variationalBound({
    chain,
    dimensions,
    predict: async ({ x, sigmas }) => ({ denoised: await perfect(x, sigmas) }),
    ending: endings.points,
    times: chain.steps,
    rows: 256,
    random: streams(options.x.length / dimensions),
    ...options,
  }));
  return last!;
}

/** Of each sample, in nats per dimension. */
const totals = ({ prior, terms }: Bound, variance: keyof Nats): Float64Array =>
  prior.map((value, i) => terms.reduce((sum, { nats }) => sum + nats[variance]![i]!, value));

const entropy = (variance: number) => Math.log(2 * Math.PI * Math.E * variance) / 2;

test("a model that knows the data N(0, 1) has their entropy as its bound, with beta", async () => {
  const bound = await boundOf({ x: normals(1500, 1) });
  const { mean, error } = estimate(totals(bound, "beta"));
  // The mean over samples and noise; a false alarm in 15,000 seeds.
  expect(Math.abs(mean - entropy(1))).toBeLessThan(4 * error);
  expect(error).toBeLessThan(0.03);
  expect(bound.done).toBe(bound.total);
  expect(bound.total).toBe(40 * 1500);
  expect(bound.terms.map(({ from }) => from)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});

// The true -log p of the same samples has the same luck, so that the difference says more than either.
test("the bound is above -log p, and beta or beta~ is nearer as the data are wide or narrow", async () => {
  const gaps = async (variance: number) => {
    const x = normals(800, variance);
    const exact = gaussianDenoiser(variance);
    const predict = async (rows: Rows) => ({ denoised: await exact(rows.x, rows.sigmas) });
    const bound = await boundOf({ x, predict });
    const truth = Float64Array.from({ length: 800 }, (_, i) => {
      const square = (x[2 * i]! ** 2 + x[2 * i + 1]! ** 2) / 2;
      return (square / variance + Math.log(2 * Math.PI * variance)) / 2;
    });
    const gap = (name: ReverseVariance) => estimate(totals(bound, name).map((value, i) => value - truth[i]!));
    return { beta: gap("beta"), posterior: gap("posterior") };
  };
  const [wide, narrow] = [await gaps(1), await gaps(1e-4)];
  expect(Math.abs(wide.beta.mean)).toBeLessThan(4 * wide.beta.error);
  for (const { mean, error } of [wide.posterior, narrow.beta, narrow.posterior])
    expect(mean).toBeGreaterThan(4 * error);
  expect(narrow.posterior.mean).toBeLessThan(narrow.beta.mean);
});

// Each step is then q(x_(t-1) | x_t) itself; what is left of the gap is N(0, 1) in the place of q(x_T), less than 1e-4 nats here.
test("with learned variances the bound of Gaussian data is -log p, and fixed ones cost what they are off by", async () => {
  const [variance, count] = [0.25, 800];
  const x = normals(count, variance);
  const exact = gaussianDenoiser(variance);
  const timeOf = (sigma: number) => Math.round(openSchedule({ name: "ddpm", steps: 40 }).timeOf(sigma));
  const predict = async ({ x: noisy, sigmas }: Rows) => ({
    denoised: await exact(noisy, sigmas),
    fraction: noisy.map((_, at) => reverseFraction(chain, timeOf(sigmas[at >> 1]!), variance)),
  });
  const bound = await boundOf({ x, predict, learned: true });
  const truth = Float64Array.from({ length: count }, (_, i) => {
    const square = (x[2 * i]! ** 2 + x[2 * i + 1]! ** 2) / 2;
    return (square / variance + Math.log(2 * Math.PI * variance)) / 2;
  });
  const learned = totals(bound, "learned");
  const gap = estimate(learned.map((value, i) => value - truth[i]!));
  // A false alarm in 15,000 seeds.
  expect(Math.abs(gap.mean)).toBeLessThan(4 * gap.error);
  expect(gap.error).toBeLessThan(0.03);
  for (const fixed of ["beta", "posterior"] as const) {
    const { mean, error } = estimate(totals(bound, fixed).map((value, i) => value - learned[i]!));
    const cost = bound.terms.reduce((sum, { from: t }) => {
      const beta = reverseVariances[fixed](chain, fixed === "beta" ? t : Math.max(2, t));
      const ratio = reverseVariance(chain, t, variance) / beta;
      return sum + (ratio - 1 - Math.log(ratio)) / 2;
    }, 0);
    expect(cost).toBeGreaterThan(0.02);
    expect(Math.abs(mean - cost)).toBeLessThan(4 * error);
  }
});

test("a learned fraction of 0 or 1 is one of the fixed variances, but for the pixels' own at t = 1", async () => {
  const x = normals(50, 0.5);
  for (const [fraction, fixed] of [
    [0, "posterior"],
    [1, "beta"],
  ] as const) {
    const predict = async ({ x: noisy }: Rows) => ({
      denoised: noisy.map((value) => value / 2),
      fraction: noisy.map(() => fraction),
    });
    const points = await boundOf({ x, predict, learned: true });
    for (const { nats } of points.terms)
      for (const [i, value] of nats.learned!.entries()) expect(value).toBeCloseTo(nats[fixed][i]!, 9);
    const [first, ...rest] = (await boundOf({ x, predict, learned: true, ending: endings.pixels })).terms;
    for (const { nats } of rest)
      for (const [i, value] of nats.learned!.entries()) expect(value).toBeCloseTo(nats[fixed][i]!, 9);
    const same = first!.nats.learned!.every((value, i) => Math.abs(value - first!.nats[fixed][i]!) < 1e-9);
    expect(same).toBe(fraction === 0);
  }
});

test("a few random times estimate the sum over all of them", async () => {
  const x = normals(3000, 1);
  const predict = async ({ x: noisy }: Rows) => ({ denoised: noisy.map(() => 0) });
  const all = estimate(totals(await boundOf({ x, predict }), "beta"));
  for (const times of [2, 3, 10]) {
    const some = await boundOf({ x, predict, times });
    const { mean, error } = estimate(totals(some, "beta"));
    expect(some.terms).toHaveLength(times);
    expect([some.terms[0]!.to, some.terms[1]!.from, some.terms.at(-1)!.to]).toEqual([1, 2, 40]);
    expect(Math.abs(mean - all.mean)).toBeLessThan(4 * Math.hypot(error, all.error));
    // Not by way of the errors alone.
    expect(error).toBeLessThan(0.1 * all.mean);
  }
});

test("a sample's terms depend neither on its company nor on how many points are denoised at once", async () => {
  const x = normals(7, 1);
  const all = totals(await boundOf({ x, times: 12 }), "posterior");
  const slow = totals(await boundOf({ x, times: 12, rows: 5 }), "posterior");
  const some = totals(await boundOf({ x: x.slice(8), times: 12, random: streams(3, 4) }), "posterior");
  expect([...slow]).toEqual([...all]);
  expect([...some]).toEqual([...all.slice(4)]);
});

test("rows say which sample they are of", async () => {
  const seen = new Set<string>();
  const x = [10, 10, 20, 20, 30, 30];
  await boundOf({
    x,
    times: 5,
    rows: 4,
    predict: async (rows) => {
      rows.samples.forEach((sample) => {
        seen.add(`${sample}`);
      });
      const own = rows.x.map((_, at) => x[2 * rows.samples[Math.floor(at / 2)]!]!);
      return { denoised: own };
    },
  }).then(({ terms }) => {
    // Nothing but the variances is left to pay for when x_0 is known.
    for (const { nats } of terms.slice(1)) for (const value of nats.posterior) expect(value).toBe(0);
  });
  expect([...seen].sort()).toEqual(["0", "1", "2"]);
});

test("L_T of linear betas and |x_0| = 1: 2.9e-5 bits", async () => {
  const { prior } = await boundOf({ x: [1, -1], chain: thousand, times: 2 });
  expect((prior[0]! * BITS).toPrecision(2)).toBe("0.000029");
});

test("the pixels' ending is the probability of a bin under beta~_2, after clipping", async () => {
  const x = [-1, 1, 1 / 255, -1 / 255];
  const known = async (far: number) => {
    const predict = async () => ({ denoised: x.map((value, d) => (d < 2 ? far * value : value)) });
    const { terms } = await boundOf({
      x,
      dimensions: 4,
      chain: thousand,
      times: 2,
      ending: endings.pixels,
      predict,
    });
    return terms[0]!.nats;
  };
  const std = Math.sqrt(thousand.posteriorVariances[2]!);
  const half = 1 / 255 / std;
  const wanted = -(2 * Math.log(normalCdf(half)) + 2 * Math.log(2 * normalCdf(half) - 1)) / 4;
  for (const far of [1, 3]) {
    const { beta, posterior } = await known(far);
    expect(beta[0]).toBeCloseTo(wanted, 9);
    expect(posterior[0]).toBe(beta[0]!);
  }
});

test.each([1, 41, 2.5])("%d times are refused", async (times) => {
  await expect(boundOf({ x: [0, 0], times })).rejects.toThrow("bound: expected 2 to 40 times");
});
