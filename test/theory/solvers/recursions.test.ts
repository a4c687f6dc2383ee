// The solvers' steps against the papers' algorithms, written out for one number in the coordinates of the papers.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import { openSchedule } from "../../../lib/theory/schedules/index.ts";
import { sigmaGrids } from "../../../lib/theory/sigma-grids.ts";
import { takeSteps } from "../../../lib/theory/solvers/affine.ts";
import { solvers } from "../../../lib/theory/solvers/index.ts";
import type { Denoise, Problem, Solver, SolverOptions } from "../../../lib/theory/solvers/solver.ts";
import { endOf, gaussianDenoiser, streams } from "../../support/solving.ts";

const schedule = openSchedule({ name: "vp" });
const D = (x: number, sigma: number): number => Math.tanh(x / (0.5 + sigma)) + 0.2 * Math.cos(x - sigma);
const denoise: Denoise = async (x, sigmas) => x.map((value, i) => D(value, sigmas[i]!));
const sigmas = sigmaGrids.karras({ steps: 9, sigmaMax: 6, sigmaMin: 0.05, schedule });
const levels = [...sigmas, 0];

async function endOn(solver: Solver, options: Partial<SolverOptions> = {}): Promise<number> {
  const problem: Problem = { denoise, x: [4], dimensions: 1, random: streams(2, 1) };
  return (await endOf(solver.solve(problem, { sigmas, denoise: true, ...options }))).x[0]!;
}

/** The VP coordinates of a level: alpha² + sigma² = 1. */
const alphaOf = (level: number): number => 1 / Math.hypot(1, level);
const noiseOf = (level: number): number => level / Math.hypot(1, level);

// Karras et al. 2022, Algorithm 2.
test.each([
  { churn: undefined },
  { churn: { amount: 3, from: 0.1, to: 4, noise: 1.007 } },
  { churn: { amount: 90, from: 0, to: Infinity, noise: 1 } },
])("heun with churn $churn is EDM's algorithm", async ({ churn }) => {
  const [random] = streams(2, 1);
  let x = 4;
  for (const [i, t] of sigmas.entries()) {
    const next = levels[i + 1]!;
    const inside = churn && t >= churn.from && t <= churn.to;
    const gamma = inside ? Math.min(churn.amount / 9, Math.SQRT2 - 1) : 0;
    const raised = t + gamma * t;
    if (gamma > 0) x += Math.sqrt(raised ** 2 - t ** 2) * churn!.noise * random!.normal();
    const slope = (x - D(x, raised)) / raised;
    const euler = x + (next - raised) * slope;
    x = next === 0 ? euler : x + (next - raised) * (slope / 2 + (euler - D(euler, next)) / (2 * next));
  }
  expect(await endOn(solvers.heun, { churn })).toBeCloseTo(x, 12);
});

test("heun without churn draws nothing", async () => {
  const normal = (): number => {
    throw new Error("drawn");
  };
  for (const churn of [undefined, { amount: 0, from: 0, to: Infinity, noise: 1 }]) {
    const problem: Problem = { denoise, x: [4], dimensions: 1, random: [{ normal }] };
    await endOf(solvers.heun.solve(problem, { sigmas, denoise: true, churn }));
  }
});

// Lu et al. 2022 in VP coordinates, h = lambda_next - lambda with lambda = ln(alpha/sigma); k-diffusion's SDE with eta 1.
test.each([
  { name: "dpm-solver-2m", eta: 0 },
  { name: "dpm-solver-2m-sde", eta: 1 },
] as const)("$name is the paper's, in coordinates that preserve variance", async ({ name, eta }) => {
  const [random] = streams(2, 1);
  let x = 4 * alphaOf(sigmas[0]!);
  let before: { x0: number; h: number } | undefined;
  for (const [i, level] of sigmas.slice(0, -1).entries()) {
    const next = sigmas[i + 1]!;
    const h = Math.log(alphaOf(next) / noiseOf(next)) - Math.log(alphaOf(level) / noiseOf(level));
    const x0 = D(x / alphaOf(level), level);
    const extrapolated = before ? x0 + ((h / before.h) * (x0 - before.x0)) / 2 : x0;
    const noise = eta * noiseOf(next) * Math.sqrt(1 - Math.exp(-2 * h)) * (eta ? random!.normal() : 0);
    const decay = (noiseOf(next) / noiseOf(level)) * Math.exp(-eta * h);
    x = decay * x - alphaOf(next) * Math.expm1(-(1 + eta) * h) * extrapolated + noise;
    before = { x0, h };
  }
  expect(await endOn(solvers[name], { denoise: false })).toBeCloseTo(x / alphaOf(sigmas.at(-1)!), 11);
});

/** Solves A w = b by Cramer's rule, for up to three unknowns. */
function cramer(A: readonly (readonly number[])[], b: readonly number[]): number[] {
  const determinant = (M: readonly (readonly number[])[]): number =>
    M.length === 0
      ? 1
      : M[0]!.reduce((sum, value, j) => {
          const minor = M.slice(1).map((row) => row.filter((_, k) => k !== j));
          return sum + (j % 2 ? -1 : 1) * value * determinant(minor);
        }, 0);
  const whole = determinant(A);
  return b.map(
    (_, j) => determinant(A.map((row, i) => row.map((value, k) => (k === j ? b[i]! : value)))) / whole,
  );
}

// Zhao et al. 2023 as in diffusers' UniPCMultistepScheduler: predict_x0, bh2, B_h = e^-h - 1, in VP coordinates.
function unified(
  x: number,
  to: number,
  known: readonly { level: number; x0: number }[],
  last?: number,
): number {
  const lambda = (level: number): number => -Math.log(level);
  const [newest, ...older] = known as [{ level: number; x0: number }];
  const h = lambda(to) - lambda(newest.level);
  const nodes = [...(older as typeof known), ...(last === undefined ? [] : [{ level: to, x0: last }])];
  const ratios = nodes.map(({ level }) => (lambda(level) - lambda(newest.level)) / h);
  const slopes = nodes.map(({ x0 }, k) => (x0 - newest.x0) / ratios[k]!);
  const B = Math.expm1(-h);
  const b: number[] = [];
  let [phi, factorial] = [Math.expm1(-h) / -h - 1, 1];
  for (let i = 1; i <= nodes.length; i++) {
    b.push((phi * factorial) / B);
    factorial *= i + 1;
    phi = phi / -h - 1 / factorial;
  }
  const rhos =
    nodes.length === 1
      ? [0.5]
      : cramer(
          b.map((_, i) => ratios.map((ratio) => ratio ** i)),
          b,
        );
  const correction = rhos.reduce((sum, rho, k) => sum + rho * slopes[k]!, 0);
  const base = (noiseOf(to) / noiseOf(newest.level)) * x - alphaOf(to) * B * newest.x0;
  return base - alphaOf(to) * B * correction;
}

test.each([2, 3] as const)("unipc of order %d is the authors' in VP coordinates", async (order) => {
  let x = 4 * alphaOf(sigmas[0]!);
  let known = [{ level: sigmas[0]!, x0: D(4, sigmas[0]!) }];
  for (const to of sigmas.slice(1)) {
    const predicted = unified(x, to, known);
    const x0 = D(predicted / alphaOf(to), to);
    x = unified(x, to, known, x0);
    known = [{ level: to, x0 }, ...known].slice(0, order);
  }
  expect(await endOn(solvers.unipc, { order })).toBeCloseTo(known[0]!.x0, 11);
});

describe("predictor–corrector", () => {
  const pc = solvers["predictor-corrector"];

  test("without corrector steps is reverse diffusion, on any schedule", async () => {
    const own = { sigmas, denoise: true, schedule };
    const all = { ...own, sigmaData: 1, stepsPerLevel: 1, steps: 0, stepSize: 0 };
    const problem = (): Problem => ({ denoise, x: [4], dimensions: 1, random: streams(2, 1) });
    const predictor = await endOf(takeSteps(problem(), samplers["reverse-diffusion"].steps(all)));
    const both = await endOf(pc.solve(problem(), { ...own, correctorSteps: 0 }));
    expect(both.x[0]).toBeCloseTo(predictor.x[0]!, 13);
  });

  // The corrector draws noise that it then hardly uses: with constant draws the predictor sees the same.
  test("at a vanishing ratio is its predictor", async () => {
    const random = [{ normal: () => 0.7 }];
    const end = async (options: Partial<SolverOptions>): Promise<number> => {
      const problem: Problem = { denoise, x: [4], dimensions: 1, random };
      return (await endOf(pc.solve(problem, { sigmas, denoise: true, ...options }))).x[0]!;
    };
    for (const corrector of ["langevin", "annealed"] as const) {
      expect(await end({ corrector, snr: 1e-9 })).toBeCloseTo(await end({ correctorSteps: 0 }), 6);
      expect(await end({ corrector, snr: 0.2 })).not.toBeCloseTo(await end({ correctorSteps: 0 }), 4);
    }
  });

  // Song et al. 2021, Algorithms 2 and 4: x + eps g + sqrt(2 eps) z with eps = 2 (r ‖z‖/‖g‖)² for the score g.
  test("takes the paper's steps", async () => {
    const gaussian = gaussianDenoiser(1);
    const start = [3, -4, 5, 1];
    const [random] = streams(2, 1);
    const draw = (): number[] => start.map(() => random!.normal());
    const norm = (v: readonly number[]): number => Math.hypot(...v);
    const score = (x: readonly number[], sigma: number) => x.map((value) => -value / (1 + sigma ** 2));
    let x = start;
    for (const [i, next] of sigmas.slice(1).entries()) {
      const sigma = sigmas[i]!;
      const [g, z] = [score(x, sigma), draw()];
      const variance = sigma ** 2 - next ** 2;
      x = x.map((value, d) => value + variance * g[d]! + Math.sqrt(variance) * z[d]!);
      for (let m = 0; m < 2; m++) {
        const [gradient, noise] = [score(x, next), draw()];
        const eps = Math.min(next ** 2, 2 * ((0.1 * norm(noise)) / norm(gradient)) ** 2);
        x = x.map((value, d) => value + eps * gradient[d]! + Math.sqrt(2 * eps) * noise[d]!);
      }
    }
    const problem: Problem = { denoise: gaussian, x: start, dimensions: 4, random: streams(2, 1) };
    const options = { sigmas, denoise: false, snr: 0.1, correctorSteps: 2 };
    const end = await endOf(pc.solve(problem, options));
    for (const [d, value] of end.x.entries()) expect(value).toBeCloseTo(x[d]!, 11);
  });

  // Steps eps ∝ ‖z‖²/‖x‖² have drift E eps and noise E eps ‖z‖²/D, hotter by 1 + 2/D, and keep ‖x‖² times that density, whose
  // variance is larger by 1 + 2/D again. The mean of 8000 squares has a standard error of .018; false alarm 6e-5.
  test("per-point norms widen a Gaussian's variance by (1 + 2/D)², and the annealed rule does not", async () => {
    const [dimensions, points, sigma] = [8, 1000, 0.5];
    const x = streams(5, points, "start").flatMap((random) =>
      Array.from({ length: dimensions }, () => Math.hypot(1, sigma) * random.normal()),
    );
    const widened = async (corrector: "langevin" | "annealed"): Promise<number> => {
      const random = streams(6, points);
      const problem: Problem = { denoise: gaussianDenoiser(1), x, dimensions, random };
      const near = { sigmas: [sigma * (1 + 1e-9), sigma], denoise: false, correctorSteps: 400 };
      const end = await endOf(pc.solve(problem, { ...near, snr: 0.1, corrector }));
      return end.x.reduce((sum, value) => sum + value ** 2, 0) / x.length / (1 + sigma ** 2);
    };
    expect(Math.abs((await widened("langevin")) / 1.25 ** 2 - 1)).toBeLessThan(4 * 0.018);
    expect(Math.abs((await widened("annealed")) - 1)).toBeLessThan(4 * 0.018);
  });

  test.each([-1, Number.NaN, Infinity])("a ratio of %d is refused", async (snr) => {
    await expect(endOn(pc, { snr })).rejects.toThrow(UserError);
  });
});
