// What every solver and every sampler must keep, so that a new one is tested unasked.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { Sampler, SamplerOptions } from "../../../lib/theory/samplers/sampler.ts";
import { takeSteps } from "../../../lib/theory/solvers/affine.ts";
import { exactDenoiser } from "../../../lib/theory/solvers/exact-denoiser.ts";
import { solvers } from "../../../lib/theory/solvers/index.ts";
import type { Denoise, Problem, Solver, SolverOptions } from "../../../lib/theory/solvers/solver.ts";
import { endOf, gaussianDenoiser, streams } from "../../support/solving.ts";

const registry = Object.entries<Solver>(solvers);
const sigmas = geometricSigmas(20, 0.05, 12);
const churn = { amount: 4, from: 0.1, to: 10, noise: 1.003 };
const variants: SolverOptions[] = [
  { sigmas, denoise: true },
  { sigmas, denoise: false },
  { sigmas: [1], denoise: true },
  { sigmas, denoise: true, churn, order: 2, correctorSteps: 2 },
];

function problemOf(x: readonly number[], dimensions: number, denoise: Denoise, first = 0): Problem {
  const count = x.length / dimensions;
  return { denoise, x, dimensions, random: streams(9, first + count).slice(first) };
}

const start = [12, -30, 5, 7, -18, 24];

describe.each(registry)("%s", (_, solver) => {
  test.each(variants)("takes the evaluations that it declares, and reports them: %o", async (options) => {
    let calls = 0;
    const counting: Denoise = async (x, levels) => {
      calls++;
      expect(levels).toHaveLength(3);
      return gaussianDenoiser(1)(x, levels);
    };
    let [nfe, steps] = [0, 0];
    for await (const now of solver.solve(problemOf(start, 2, counting), options)) {
      steps++;
      expect(now.nfe).toBeGreaterThanOrEqual(nfe);
      expect(now.x.every(Number.isFinite)).toBe(true);
      nfe = now.nfe;
    }
    expect(nfe).toBe(calls);
    expect(solver.nfe(options) ?? calls).toBe(calls);
    // Whoever shows the samples takes those after the last of so many steps.
    if (solver.nfe(options) !== undefined)
      expect(steps).toBe(options.sigmas.length - Number(!options.denoise));
  });

  test("ends at the last level, or at 0 by denoising", async () => {
    for (const denoise of [true, false]) {
      let end = Number.NaN;
      const problem = problemOf(start, 2, gaussianDenoiser(1));
      for await (const { sigma } of solver.solve(problem, { sigmas, denoise })) end = sigma;
      expect(end).toBe(denoise ? 0 : 0.05);
    }
  });

  // To the bit: every number of a point is computed from that point and its stream alone.
  test("a point ends at the same place in whatever company", async () => {
    const nonlinear: Denoise = async (x, levels) =>
      x.map((value, at) => Math.tanh(value / (0.3 + levels[Math.floor(at / 2)]! ** 2)));
    for (const options of variants) {
      const all = await endOf(solver.solve(problemOf(start, 2, nonlinear), options));
      const some = await endOf(solver.solve(problemOf(start.slice(2, 4), 2, nonlinear, 1), options));
      expect([...some.x]).toEqual([...all.x.subarray(2, 4)]);
    }
  });

  test("neither its problem nor what it gives the denoiser is changed", async () => {
    const x = Float64Array.from(start);
    const held: [Float64Array, number[]][] = [];
    const denoise: Denoise = (at, levels) => {
      held.push([levels, [...levels]]);
      return gaussianDenoiser(1)(at, levels);
    };
    await endOf(solver.solve({ denoise, x, dimensions: 2, random: streams(1, 3) }, variants[0]!));
    expect([...x]).toEqual(start);
    if (solver !== solvers.rk45) for (const [now, then] of held) expect([...now]).toEqual(then);
  });

  test("a budget is never exceeded, and one more level would exceed it", () => {
    for (const options of variants)
      for (const budget of [4, 5, 10, 35, 100]) {
        const levels = solver.levels(options, budget);
        if (levels === undefined) return expect(solver.nfe(options)).toBeUndefined();
        const nfe = (count: number) => solver.nfe({ ...options, sigmas: Array<number>(count).fill(1) })!;
        expect(nfe(levels)).toBeLessThanOrEqual(budget);
        expect(nfe(levels + 1)).toBeGreaterThan(budget);
      }
  });

  test("a budget too small, and levels that do not descend, are the user's to mend", async () => {
    for (const budget of [0, 1, 2.5, Number.NaN])
      if (solver.nfe(variants[0]!) !== undefined)
        expect(() => solver.levels(variants[0]!, budget)).toThrow(UserError);
    for (const wrong of [[], [0], [1, 2], [1, 0]]) {
      const steps = solver.solve(problemOf(start, 2, gaussianDenoiser(1)), { sigmas: wrong, denoise: true });
      await expect(steps.next()).rejects.toThrow(UserError);
    }
  });

  test("every point needs a stream", async () => {
    const problem = { ...problemOf(start, 2, gaussianDenoiser(1)), random: streams(1, 2) };
    await expect(solver.solve(problem, variants[0]!).next()).rejects.toThrow("each of 3 points, got 2");
  });

  test("it says what it is in one line, with a source and an order", () => {
    expect(solver.summary).toMatch(/^[^\n]{10,110}$/);
    expect(solver.source).toMatch(/\b(19|20)\d\d\b/);
    expect(solver.order).toBeGreaterThanOrEqual(1);
  });
});

// Two modes in 8 dimensions, known by the first coordinate.
const D = 8;
const axis = (first: number): number[] => [first, ...Array<number>(D - 1).fill(0)];
const mixture = GaussianMixture.of([
  { weight: 0.3, mean: axis(-1.5), covariance: 0.25 },
  { weight: 0.7, mean: axis(1.5), covariance: 0.16 },
]);
const count = 1000;

/** Exact samples of the law blurred by the level from which a solver starts. */
function blurred(sigma: number): Problem {
  const x = streams(3, count, "start").flatMap((random) => [...mixture.sample(random, sigma)]);
  return { denoise: exactDenoiser(mixture), x, dimensions: D, random: streams(4, count) };
}

/** Statistics of the samples, and what they are in truth: E x_1^2 is 1.5^2 + v in each mode, that of others v, v = .187 on average. */
const statistics: [string, (x: Float64Array) => number, number][] = [
  ["the weight of a mode", (x) => Number(mixture.responsibilities(x)[0]! > 0.5), 0.3],
  ["the mean", (x) => x[0]!, 0.6],
  ["the second moment across", (x) => x[0]! ** 2, 2.25 + 0.187],
  ["the second moment along", (x) => x.slice(1).reduce((sum, value) => sum + value ** 2 / (D - 1), 0), 0.187],
];

function expectTruth(ends: Float64Array): void {
  const points = Array.from({ length: count }, (_, i) => ends.subarray(i * D, (i + 1) * D));
  for (const [, of, truth] of statistics) {
    const values = points.map(of);
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(Math.abs(mean - truth) / Math.sqrt(variance / count)).toBeLessThan(4);
  }
}

const fine = geometricSigmas(20, 0.02, 250);

// Four statistics at 4 standard errors for each: false alarms 2.5e-4 for each sampler and solver.
describe("a mixture's mode weights and moments are reproduced by", () => {
  // With its usual ratio the corrector of norms would make these 8 dimensions visibly too wide; predictor-corrector.test.ts says by how much.
  const settings: Partial<Record<string, Partial<SolverOptions>>> = { "predictor-corrector": { snr: 0.01 } };
  const cases = registry.map(([name, solver]) => ({ name, solver, more: settings[name] ?? {} }));
  const more = [
    { name: "predictor-corrector", solver: solvers["predictor-corrector"], more: { corrector: "annealed" } },
    { name: "heun", solver: solvers.heun, more: { churn: { amount: 40, from: 0.05, to: 10, noise: 1 } } },
  ] as const;
  test.each([...cases, ...more])("$name $more", async ({ solver, more }) => {
    expectTruth((await endOf(solver.solve(blurred(20), { sigmas: fine, denoise: true, ...more }))).x);
  });

  const own = { sigmaData: 1, stepsPerLevel: 1, steps: 100, stepSize: 0.01, denoise: true };
  // Plain Langevin dynamics does not travel between modes: it must keep the law that it starts from.
  const annealed = { sigmas: geometricSigmas(20, 0.02, 75), stepsPerLevel: 20, stepSize: 0.15 * 0.02 ** 2 };
  const walks: Partial<Record<string, Partial<SamplerOptions>>> = {
    "annealed-langevin": annealed,
    langevin: { sigmas: [0] },
    "langevin-decay": { sigmas: [0] },
  };
  test.each(Object.entries<Sampler>(samplers))("%s", async (name, sampler) => {
    const options = { ...own, sigmas: fine, ...walks[name] };
    expectTruth((await endOf(takeSteps(blurred(options.sigmas[0]!), sampler.steps(options)))).x);
  });
});
