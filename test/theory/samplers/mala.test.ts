// Metropolis-adjusted Langevin keeps its density exactly, at steps where unadjusted Langevin visibly does not.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { stream } from "../../../lib/random.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { type Evaluation, type MalaOptions, mala } from "../../../lib/theory/samplers/mala.ts";
import { langevinStep, type Step } from "../../../lib/theory/samplers/sampler.ts";
import { walkAll } from "../../../lib/theory/samplers/walk.ts";

function targetOf(density: GaussianMixture) {
  const D = density.dimensions;
  return async (x: Float64Array): Promise<Evaluation> => {
    const points = Array.from({ length: x.length / D }, (_, i) => x.subarray(i * D, (i + 1) * D));
    const score = points.flatMap((point) => [...density.score(point)]);
    // log p is known up to a constant.
    return { logp: points.map((point) => density.logpdf(point) + 7), score };
  };
}

interface Run {
  readonly density: GaussianMixture;
  readonly x: Float64Array;
  readonly stepSize: number;
  readonly steps: number;
}

async function adjusted({ density, ...run }: Run): Promise<Float64Array> {
  const options = { ...run, target: targetOf(density), dimensions: density.dimensions, seed: 11 };
  let ends = run.x;
  for await (const { x } of mala(options)) ends = x;
  return ends;
}

const unadjusted = ({ density, x, stepSize, steps }: Run): Float64Array =>
  walkAll({
    steps: Array<Step>(steps).fill(langevinStep(0, stepSize)),
    score: (at) => density.score(at),
    x,
    dimensions: density.dimensions,
    seed: 12,
  });

function exactSamples(density: GaussianMixture, count: number): Float64Array {
  const samples = Array.from({ length: count }, (_, i) => [...density.sample(stream(13, "exact", i))]);
  return Float64Array.from(samples.flat());
}

/** (mean of f - truth) / its standard error, over independent chains. */
function deviation(ends: Float64Array, D: number, f: (x: Float64Array) => number, truth: number): number {
  const values = Array.from({ length: ends.length / D }, (_, i) => f(ends.subarray(i * D, (i + 1) * D)));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return (mean - truth) / Math.sqrt(variance / values.length);
}

// False alarms: 6e-5 for each of the checks at 4 standard errors.
test("a correlated Gaussian from a start far away", async () => {
  const density = GaussianMixture.gaussian([1, -1], [1, 0.3, 0.3, 0.25]);
  const run = { density, x: new Float64Array(2 * 3000).fill(4), stepSize: 0.15, steps: 120 };
  const moments: [(x: Float64Array) => number, number][] = [
    [(x) => x[0]!, 1],
    [(x) => x[1]!, -1],
    [(x) => (x[0]! - 1) ** 2, 1],
    [(x) => (x[0]! - 1) * (x[1]! + 1), 0.3],
    [(x) => (x[1]! + 1) ** 2, 0.25],
  ];
  const [exact, biased] = [await adjusted(run), unadjusted(run)];
  for (const [f, truth] of moments) expect(Math.abs(deviation(exact, 2, f, truth))).toBeLessThan(4);
  expect(deviation(biased, 2, ...moments[4]!)).toBeGreaterThan(10);
});

describe("a mixture in one dimension", () => {
  const density = GaussianMixture.of([
    { weight: 0.7, mean: [-1.5], covariance: 0.5 },
    { weight: 0.3, mean: [1.5], covariance: 0.3 },
  ]);
  // E x^2 = .7 (1.5^2 + .5) + .3 (1.5^2 + .3); E x^4 of N(m, v) is m^4 + 6 m^2 v + 3 v^2.
  const fourth = (v: number): number => 1.5 ** 4 + 6 * 1.5 ** 2 * v + 3 * v ** 2;
  const moments: [(x: Float64Array) => number, number][] = [
    [([x]) => x!, -0.6],
    [([x]) => x! ** 2, 1.5 ** 2 + 0.7 * 0.5 + 0.3 * 0.3],
    [([x]) => x! ** 4, 0.7 * fourth(0.5) + 0.3 * fourth(0.3)],
  ];
  const stepSize = 0.3;
  const start = exactSamples(density, 10_000);

  test("is kept from exact samples on", async () => {
    const run = { density, x: start, stepSize, steps: 40 };
    const [exact, biased] = [await adjusted(run), unadjusted(run)];
    for (const [f, truth] of moments) expect(Math.abs(deviation(exact, 1, f, truth))).toBeLessThan(4);
    expect(deviation(biased, 1, ...moments[2]!)).toBeGreaterThan(10);
  });

  // Detailed balance: as many chains move from one cell to another as back. False alarm 6e-5 for each of six pairs.
  test("has as many moves from anywhere to anywhere as back", async () => {
    const run = { density, x: start, stepSize, steps: 1 };
    expect(imbalance(start, await adjusted(run))).toBeLessThan(4);
    expect(imbalance(start, unadjusted(run))).toBeGreaterThan(5);
  });
});

/** The largest difference of moves between two of four cells, in standard deviations. */
function imbalance(before: Float64Array, after: Float64Array): number {
  const cells = [-1.5, 0, 1.5];
  const cell = (x: number): number => cells.filter((edge) => x > edge).length;
  const moves = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  for (const [i, x] of before.entries()) moves[cell(x)]![cell(after[i]!)]!++;
  const pairs = [0, 1, 2, 3].flatMap((p) =>
    [0, 1, 2, 3].slice(p + 1).map((q) => [moves[p]![q]!, moves[q]![p]!]),
  );
  return Math.max(
    ...pairs.map(([there, back]) => Math.abs(there! - back!) / Math.sqrt(Math.max(1, there! + back!))),
  );
}

// On N(0, 1) the acceptance is min(1, exp(-(alpha/4) (x'^2 - x^2))) with x' = (1 - alpha) x + sqrt(2 alpha) z.
function acceptanceByQuadrature(alpha: number): number {
  const grid = Array.from({ length: 401 }, (_, i) => (i - 200) / 25);
  let [sum, mass] = [0, 0];
  for (const x of grid)
    for (const z of grid) {
      const weight = Math.exp(-(x ** 2 + z ** 2) / 2);
      const next = (1 - alpha) * x + Math.sqrt(2 * alpha) * z;
      sum += weight * Math.min(1, Math.exp((-alpha / 4) * (next ** 2 - x ** 2)));
      mass += weight;
    }
  return sum / mass;
}

test.each([0.05, 0.5, 1.5, 3])(
  "the acceptance rate at step %d is the one of the exact integral",
  async (stepSize) => {
    const density = GaussianMixture.gaussian([0], [1]);
    const x = exactSamples(density, 10_000);
    const chains = mala({ target: targetOf(density), x, dimensions: 1, stepSize, steps: 1, seed: 21 });
    const { acceptance } = (await chains.next()).value!;
    const expected = acceptanceByQuadrature(stepSize);
    const standardError = Math.sqrt((expected * (1 - expected)) / 10_000);
    expect(Math.abs(acceptance - expected)).toBeLessThan(4 * standardError);
  },
);

describe("chains", () => {
  const normal = async (x: Float64Array): Promise<Evaluation> => {
    const logp = Array.from({ length: x.length / 3 }, (_, i) =>
      x.subarray(3 * i, 3 * i + 3).reduce((sum, value) => sum - value ** 2 / 2, 0),
    );
    return { logp, score: x.map((value) => -value) };
  };
  const options: MalaOptions = {
    target: normal,
    x: [1, 2, 3, 4, 5, 6, 7, 8, 9],
    dimensions: 3,
    stepSize: 0.4,
    steps: 25,
    seed: 31,
  };
  const last = async (changes: Partial<MalaOptions>): Promise<number[]> => {
    let ends: number[] = [];
    for await (const { x } of mala({ ...options, ...changes })) ends = [...x];
    return ends;
  };

  test("do not depend on their company", async () => {
    const all = await last({});
    expect(await last({ x: [4, 5, 6], firstIndex: 1 })).toEqual(all.slice(3, 6));
    expect(await last({ x: [4, 5, 6] })).not.toEqual(all.slice(3, 6));
  });

  test("are reported after every step, with the share accepted so far", async () => {
    let [previous, moved] = [[...(options.x as number[])], 0];
    for await (const { step, steps, x, acceptance } of mala(options)) {
      moved += [0, 1, 2].filter((i) => x[3 * i] !== previous[3 * i]).length;
      expect(acceptance).toBeCloseTo(moved / (3 * step), 14);
      expect(steps).toBe(25);
      previous = [...x];
    }
    expect(moved).toBeGreaterThan(0);
  });

  test("stay where they are when the proposal has no density", async () => {
    let calls = 0;
    const walled = async (x: Float64Array): Promise<Evaluation> =>
      calls++ === 0
        ? normal(x)
        : { logp: [-Infinity, Number.NaN, -Infinity], score: x.map(() => Number.NaN) };
    expect(await last({ target: walled })).toEqual(options.x as number[]);
  });

  test("need a step and a start with density", async () => {
    for (const stepSize of [0, -1, Number.NaN, Infinity])
      await expect(last({ stepSize })).rejects.toThrow(UserError);
    const nowhere = async (x: Float64Array) => ({ ...(await normal(x)), logp: [0, -Infinity, 0] });
    await expect(last({ target: nowhere })).rejects.toThrow("got -Infinity at chain 1");
  });
});
