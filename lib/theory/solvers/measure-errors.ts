// Error against evaluations for every sampler and solver, on a mixture whose denoiser is known exactly.
import { stream } from "../../random.ts";
import type { GaussianMixture } from "../gaussian-mixture.ts";
import { samplers } from "../samplers/index.ts";
import type { Sampler } from "../samplers/sampler.ts";
import { slicedWasserstein } from "../sliced-wasserstein.ts";
import { takeSteps } from "./affine.ts";
import { exactDenoiser } from "./exact-denoiser.ts";
import { solvers } from "./index.ts";
import { rk45 } from "./rk45.ts";
import type { Problem, Solver, SolverOptions } from "./solver.ts";

export interface ErrorPoint {
  readonly method: string;
  readonly nfe: number;
  /** Sliced Wasserstein distance to exact samples; no method can be told from the truth below that of "exact", other exact samples. */
  readonly distance: number;
  /** Of methods that draw no noise: root mean square distance between where points end and where the exact path ends. */
  readonly endpoint: number | undefined;
}

export interface MeasureOptions {
  readonly mixture: GaussianMixture;
  /** So many descending levels. */
  readonly grid: (levels: number) => readonly number[];
  readonly budgets: readonly number[];
  /** For methods that choose their own steps. */
  readonly tolerances: readonly number[];
  /** How many points; they start from exact samples of the law at the first level. */
  readonly count: number;
  readonly seed: number;
}

/** One way of drawing samples. */
interface Setting {
  readonly method: string;
  readonly run: (problem: Problem) => ReturnType<Solver["solve"]>;
}

/** Yields one method and budget after another; methods that stay at one level are left out, since they do not travel. */
export async function* measureErrors(options: MeasureOptions): AsyncGenerator<ErrorPoint, void> {
  const { mixture, count, grid } = options;
  const { dimensions } = mixture;
  const truth = exactSamples(options, "truth", 0);
  const distanceOf = (x: Float64Array): number => slicedWasserstein(x, truth, dimensions);
  const other = exactSamples(options, "other truth", 0);
  yield { method: "exact", nfe: 0, distance: distanceOf(other), endpoint: undefined };

  const x = exactSamples(options, "start", grid(2)[0]!);
  const problem = { denoise: exactDenoiser(mixture), x, dimensions };
  const path = await finish({ method: "path", run: withTolerance(options, 1e-9) }, problem, options);
  for (const setting of settings(options)) {
    const { end, nfe, noisy } = await finish(setting, problem, options);
    const endpoint = noisy ? undefined : rootMeanSquare(end, path.end, count);
    yield { method: setting.method, nfe, distance: distanceOf(end), endpoint };
  }
}

/** How many evaluations a level gets from samplers that take several. */
const evaluationsPerLevel: Partial<Record<string, number>> = { "annealed-langevin": 5 };
/** In a plane the corrector's norms do not do. */
const solverSettings: Partial<Record<string, Partial<SolverOptions>>> = {
  "predictor-corrector": { corrector: "annealed" },
};

function* settings(options: MeasureOptions): Generator<Setting, void> {
  for (const budget of options.budgets) {
    for (const [method, sampler] of Object.entries<Sampler>(samplers))
      yield* affineSettings(method, sampler, budget, options);
    for (const [method, solver] of Object.entries<Solver>(solvers)) {
      const given = { sigmas: options.grid(2), denoise: true, ...solverSettings[method] };
      const levels = solver.levels(given, budget);
      if (levels === undefined || levels < 2) continue;
      yield {
        method,
        run: (problem) => solver.solve(problem, { ...given, sigmas: options.grid(levels) }),
      };
    }
  }
  for (const tolerance of options.tolerances)
    yield { method: "rk45", run: withTolerance(options, tolerance) };
}

function* affineSettings(
  method: string,
  sampler: Sampler,
  budget: number,
  { grid }: MeasureOptions,
): Generator<Setting, void> {
  const sigmas = grid(Math.max(2, Math.floor(budget / (evaluationsPerLevel[method] ?? 1))));
  const own = { sigmas, sigmaData: 1, stepsPerLevel: 1, steps: budget, stepSize: 1, denoise: true };
  if (sampler.initialSigma(own) !== sigmas[0]) return;
  const fitted = sampler.fitBudget(own, budget);
  yield { method, run: (problem) => takeSteps(problem, sampler.steps(fitted)) };
}

const withTolerance =
  ({ grid }: MeasureOptions, tolerance: number): Setting["run"] =>
  (problem) => {
    const both = { relativeTolerance: tolerance, absoluteTolerance: tolerance };
    return rk45.solve(problem, { sigmas: grid(2), denoise: true, ...both });
  };

async function finish(
  { run }: Setting,
  problem: Omit<Problem, "random">,
  { count, seed }: MeasureOptions,
): Promise<{ end: Float64Array; nfe: number; noisy: boolean }> {
  let noisy = false;
  const random = Array.from({ length: count }, (_, i) => {
    const own = stream(seed, "solver", i);
    const normal = (): number => {
      noisy = true;
      return own.normal();
    };
    return { normal };
  });
  let [end, nfe] = [new Float64Array(0), 0];
  for await (const now of run({ ...problem, random })) {
    end = Float64Array.from(now.x);
    nfe = now.nfe;
  }
  return { end, nfe, noisy };
}

function exactSamples({ mixture, count, seed }: MeasureOptions, purpose: string, sigma: number) {
  const samples = Array.from({ length: count }, (_, i) => [
    ...mixture.sample(stream(seed, purpose, i), sigma),
  ]);
  return Float64Array.from(samples.flat());
}

const rootMeanSquare = (x: Float64Array, y: Float64Array, count: number): number =>
  Math.sqrt(x.reduce((sum, value, at) => sum + (value - y[at]!) ** 2, 0) / count);
