// Orders of convergence on Gaussian data, for which the path and the law of samples are known: the slope of the error over halved steps.
import { describe, expect, test } from "bun:test";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { SamplerOptions } from "../../../lib/theory/samplers/sampler.ts";
import { openSchedule } from "../../../lib/theory/schedules/index.ts";
import { sigmaGrids } from "../../../lib/theory/sigma-grids.ts";
import { takeSteps } from "../../../lib/theory/solvers/affine.ts";
import { type Derivative, dormandPrinceStep } from "../../../lib/theory/solvers/dormand-prince.ts";
import { solvers } from "../../../lib/theory/solvers/index.ts";
import type { Problem, Solver, SolverOptions } from "../../../lib/theory/solvers/solver.ts";
import { endOf, gaussianDenoiser, streams } from "../../support/solving.ts";

const [sigmaMax, sigmaMin] = [2, 0.1];
const schedule = openSchedule({ name: "vp" });
/** Data N(0, c²). */
const c2 = 0.8;
const denoise = gaussianDenoiser(c2);
/** dx/dsigma = (x - D)/sigma has the path x ∝ sqrt(c² + sigma²) (Karras et al. 2022, Eq. 3). */
const deviation = (sigma: number): number => Math.sqrt(c2 + sigma ** 2);

const slopesOf = (errors: readonly number[]): number[] =>
  errors.slice(1).map((error, i) => Math.log2(Math.abs(errors[i]! / error)));

async function measured(error: (levels: number) => Promise<number>, steps: readonly number[]) {
  const errors: number[] = [];
  for (const each of steps) errors.push(await error(each + 1));
  return slopesOf(errors);
}

const optionsOf = (grid: "karras" | "log-snr", levels: number): SolverOptions => ({
  sigmas: sigmaGrids[grid]({ steps: levels, sigmaMax, sigmaMin, schedule }),
  denoise: false,
});

describe("on the path of the probability-flow ODE", () => {
  const cases: { name: string; solver: Solver; order: 2 | 3; declared: number }[] = [
    { name: "heun", solver: solvers.heun, order: 3, declared: 2 },
    { name: "dpm-solver-2m", solver: solvers["dpm-solver-2m"], order: 3, declared: 2 },
    // The predictor's order and one more by the corrector; with order 3 the start, which has no history, limits it to 3.
    { name: "unipc, order 2", solver: solvers.unipc, order: 2, declared: 3 },
    { name: "unipc, order 3", solver: solvers.unipc, order: 3, declared: 3 },
  ];
  for (const grid of ["karras", "log-snr"] as const)
    test.each(cases)(`$name has order $declared on the ${grid} grid`, async ({ solver, order, declared }) => {
      expect(solver.order).toBe(declared);
      const error = async (levels: number): Promise<number> => {
        const problem: Problem = { denoise, x: [deviation(sigmaMax)], dimensions: 1, random: streams(1, 1) };
        const { x } = await endOf(solver.solve(problem, { ...optionsOf(grid, levels), order }));
        return x[0]! - deviation(sigmaMin);
      };
      for (const slope of await measured(error, [160, 320, 640]))
        expect(Math.abs(slope - declared)).toBeLessThan(0.2);
    });
});

/** A stream that draws 1 once, and else 0: where a linear solver ends with it is how much that draw counts at the end. */
const impulses = (count: number): Problem["random"] =>
  Array.from({ length: count }, (_, i) => {
    let drawn = 0;
    return { normal: () => Number(++drawn === i) };
  });

// Gaussian data make every step linear: the exact variance of samples is the sum of squared responses to start and draws.
async function varianceError(
  run: (problem: Problem) => ReturnType<Solver["solve"]>,
  levels: number,
): Promise<number> {
  const count = levels + 2;
  const x = new Float64Array(count);
  x[0] = deviation(sigmaMax);
  const end = await endOf(run({ denoise, x, dimensions: 1, random: impulses(count) }));
  return end.x.reduce((sum, response) => sum + response ** 2, 0) / deviation(sigmaMin) ** 2 - 1;
}

const churn = { amount: 5, from: 0, to: Infinity, noise: 1 };
describe("in the variance of samples", () => {
  const stepping = Object.entries<Solver>(solvers).filter(([name]) => name !== "rk45");
  test.each(stepping)("%s has the order that it declares", async (_, solver) => {
    // The corrector is not linear; without its steps the predictor's order remains.
    for (const more of [{}, { churn }]) {
      const error = (levels: number): Promise<number> => {
        const options = { ...optionsOf("karras", levels), ...more, correctorSteps: 0 };
        return varianceError((problem) => solver.solve(problem, options), levels);
      };
      for (const slope of await measured(error, [160, 320, 640]))
        expect(Math.abs(slope - solver.order)).toBeLessThan(0.2);
    }
  });

  test.each([
    ["euler", {}],
    ["ddim", { eta: 0.7 }],
    ["ancestral", {}],
    ["ancestral", { variance: "forward" }],
    ["reverse-diffusion", {}],
    ["euler-maruyama", {}],
    ["euler-maruyama", { schedule: undefined }],
  ] as const)("%s %p has order 1", async (name, more) => {
    const own = { sigmaData: 1, stepsPerLevel: 1, steps: 0, stepSize: 0 };
    const error = (levels: number): Promise<number> => {
      const options: SamplerOptions = { ...own, schedule, ...optionsOf("karras", levels), ...more };
      return varianceError((problem) => takeSteps(problem, samplers[name].steps(options)), levels);
    };
    for (const slope of await measured(error, [160, 320, 640])) expect(Math.abs(slope - 1)).toBeLessThan(0.2);
  });
});

/** Where equal Dormand–Prince steps end and what they estimate that the method of order 4 would have missed, for data N(0, v). */
async function equalSteps(v: number, steps: number): Promise<{ error: number; estimate: number }> {
  const denoised = gaussianDenoiser(v);
  const derivative: Derivative = async (x, t) => {
    const D = await denoised(x, t);
    return x.map((value, i) => (value - D[i]!) / t[i]!);
  };
  const h = Float64Array.of((sigmaMin - sigmaMax) / steps);
  let [x, estimate] = [Float64Array.of(Math.hypot(Math.sqrt(v), sigmaMax)), 0];
  for (let i = 0; i < steps; i++) {
    const t = Float64Array.of(sigmaMax + i * h[0]!);
    const trial = await dormandPrinceStep(derivative, x, t, h, await derivative(x, t));
    x = Float64Array.from(trial.x);
    estimate += trial.error[0]!;
  }
  return { error: x[0]! - Math.hypot(Math.sqrt(v), sigmaMin), estimate };
}

describe("Dormand–Prince in equal steps", () => {
  const runs = (v: number) => Promise.all([32, 64, 128].map((steps) => equalSteps(v, steps)));

  test("has order 5", async () => {
    const slopes = slopesOf((await runs(0.3)).map(({ error }) => error));
    for (const slope of slopes) expect(Math.abs(slope - solvers.rk45.order)).toBeLessThan(0.2);
  });

  test("estimates an error of order 4", async () => {
    const slopes = slopesOf((await runs(0.8)).map(({ estimate }) => estimate));
    for (const slope of slopes) expect(Math.abs(slope - 4)).toBeLessThan(0.2);
  });
});
