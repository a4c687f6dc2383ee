// Log-likelihoods by the probability-flow ODE against closed forms, and what a sample's value may depend on.
import { expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";
import {
  bitsPerDimension,
  type LikelihoodOptions,
  likelihoodRange,
  logLikelihoods,
  priorStd,
} from "../../lib/theory/likelihood.ts";
import { openSchedule } from "../../lib/theory/schedules/index.ts";
import { exactDenoiser } from "../../lib/theory/solvers/exact-denoiser.ts";
import { type QuadraticForm, traces } from "../../lib/theory/traces.ts";

/** D of a mixture and vᵀ·(dD/dx)·v by central differences along v. */
const formOf = (mixture: GaussianMixture): QuadraticForm => {
  const denoise = exactDenoiser(mixture);
  return async ({ x, sigmas }, directions) => {
    const h = 1e-4;
    const moved = async (by: number) =>
      Float64Array.from(
        await denoise(
          x.map((value, at) => value + by * directions[at]!),
          sigmas,
        ),
      );
    const [up, down] = [await moved(h), await moved(-h)];
    const divergence = new Float64Array(sigmas.length);
    for (let at = 0; at < x.length; at++)
      divergence[Math.floor(at / mixture.dimensions)]! += (directions[at]! * (up[at]! - down[at]!)) / (2 * h);
    return { denoised: await denoise(x, sigmas), divergence };
  };
};

const range = { sigmaMin: 0.05, sigmaMax: 200 };

async function logp(options: Omit<LikelihoodOptions, "sigmaMin" | "sigmaMax">) {
  let end: { values: number[]; nfe: number[]; done: number } | undefined;
  for await (const { logDensities, nfe, done } of logLikelihoods({ ...range, ...options }))
    end = { values: [...logDensities], nfe: [...nfe], done };
  return end!;
}

/** Points of the mixture [n*D], and what is known of them. */
function pointsOf(mixture: GaussianMixture, count: number) {
  const { dimensions } = mixture;
  const points = Array.from({ length: count }, (_, i) => mixture.sample(stream(4, "points", i)));
  const truth = points.map((point) => mixture.logpdf(point, range.sigmaMin));
  return { x: points.flatMap((point) => [...point]), truth, dimensions };
}

const noise = (count: number, seed = 5) => Array.from({ length: count }, (_, i) => stream(seed, "trace", i));

const gaussian = GaussianMixture.gaussian([0.02, -0.01, 0], [0.5, 0.3, 0, 0.3, 0.4, 0.1, 0, 0.1, 0.9]);
const mixture = GaussianMixture.of([
  { weight: 0.6, mean: [-0.4, 0.3], covariance: 0.04 },
  { weight: 0.4, mean: [0.6, -0.45], covariance: [0.2, 0.05, 0.05, 0.1] },
]);

// The prior's mean is 0 and the data's is not, which at sigmaMax leaves |mean| y / sigmaMax; the rest is the tolerance's.
test.each([
  ["a correlated Gaussian", gaussian],
  ["a mixture", mixture],
] as const)("log p of %s, to 1e-3 nats, whatever sigmaData is said to be", async (_, law) => {
  const { x, truth, dimensions } = pointsOf(law, 12);
  const field = traces.exact.field({ form: formOf(law), dimensions, random: [] });
  for (const sigmaData of [0.5, 1.5]) {
    const { values, nfe, done } = await logp({ field, x, dimensions, sigmaData, tolerance: 1e-6 });
    expect(Math.max(...values.map((value, i) => Math.abs(value - truth[i]!)))).toBeLessThan(1e-3);
    expect(Math.max(...nfe)).toBeLessThan(250);
    expect(done).toBe(1);
  }
});

test("Gaussian data of the given size are known before anything is integrated", async () => {
  const law = GaussianMixture.gaussian([0, 0], [0.49, 0, 0, 0.49]);
  const { x, truth } = pointsOf(law, 3);
  const field = traces.exact.field({ form: formOf(law), dimensions: 2, random: [] });
  const { values, nfe } = await logp({ field, x, dimensions: 2, sigmaData: 0.7 });
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(truth[i]!, 6);
  expect(Math.max(...nfe)).toBeLessThan(40);
});

test("Hutchinson's estimate has the exact value as its mean", async () => {
  const law = mixture;
  const [point] = [pointsOf(law, 1)];
  const repeats = 400;
  const x = Array.from({ length: repeats }, () => point!.x).flat();
  const field = traces.hutchinson.field({ form: formOf(law), dimensions: 2, random: noise(repeats) });
  const { values } = await logp({ field, x, dimensions: 2, sigmaData: 0.7, tolerance: 1e-4 });
  const mean = values.reduce((sum, value) => sum + value, 0) / repeats;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (repeats - 1));
  // A false alarm in 370 seeds.
  expect(Math.abs(mean - point!.truth[0]!)).toBeLessThan((3 * spread) / Math.sqrt(repeats));
  expect(spread).toBeGreaterThan(0.01);
});

test("a sample's value does not depend on its company, to the bit", async () => {
  const { x } = pointsOf(mixture, 6);
  const of = (first: number, end: number) =>
    logp({
      field: traces.hutchinson.field({
        form: formOf(mixture),
        dimensions: 2,
        random: noise(6).slice(first, end),
      }),
      x: x.slice(2 * first, 2 * end),
      dimensions: 2,
      sigmaData: 0.7,
    });
  const [all, some] = [await of(0, 6), await of(4, 6)];
  expect(some.values).toEqual(all.values.slice(4));
  expect(some.nfe).toEqual(all.nfe.slice(4));
});

test("the papers' priors are this one where noise prevails", () => {
  const { sigmaMin, sigmaMax } = likelihoodRange(openSchedule({ name: "ddpm" }));
  expect(sigmaMin).toBeCloseTo(0.01, 4);
  expect(sigmaMax).toBeCloseTo(157.4, 1);
  // N(0, I) in x_t = alpha x.
  const vp = openSchedule({ name: "vp" });
  expect(priorStd(vp.level(1), 1)).toBeCloseTo(1 / vp.alpha(1), 9);
  expect(priorStd(100, 0.6) / 100 - 1).toBeLessThan(2e-5);
});

test("bits: 1 for each halving; of images the bin's 7 more than the density's", () => {
  expect(bitsPerDimension(-3 * Math.LN2, 3)).toBeCloseTo(1, 12);
  // Uniform on [-1, 1]: 256 equal values.
  expect(bitsPerDimension(10 * Math.log(0.5), 10, 2 / 256)).toBeCloseTo(8, 12);
  expect(bitsPerDimension(-5, 10, 2 / 256) - bitsPerDimension(-5, 10)).toBeCloseTo(7, 12);
});
