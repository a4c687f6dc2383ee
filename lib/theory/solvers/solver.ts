// What a solver is: a loop on plain arrays, for steps that need several evaluations, a history, or sizes that the data decide.
import type { RandomStream } from "../../random.ts";
import { type Descent, evaluationsLeft, lastNoiseLevel } from "../samplers/sampler.ts";

/** D(x; sigma) of points [n*D], each at a noise level of its own, [n]; as [n*D]. It neither keeps nor changes its arguments. */
export type Denoise = (x: Float64Array, sigmas: Float64Array) => Promise<ArrayLike<number>>;

/** What is to be solved. */
export interface Problem {
  readonly denoise: Denoise;
  /** Where the points start, [n*D]: of the law blurred by the first level, or nearly so its noise alone. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  /** The noise of each point: one stream each, so that a point does not depend on its company. */
  readonly random: readonly Pick<RandomStream, "normal">[];
}

/** Noise added before a step, and removed by it (Karras et al. 2022, Algorithm 2). */
export interface Churn {
  /** S_churn: the added noise, summed over all steps, as a factor of sigma. */
  readonly amount: number;
  /** S_min and S_max: the levels at which it is added. */
  readonly from: number;
  readonly to: number;
  /** S_noise: the standard deviation of the added noise, a little above 1 to make up for detail that networks lose. */
  readonly noise: number;
}

export type CorrectorName = "langevin" | "annealed";

export interface SolverOptions extends Descent {
  /** For heun; none unless chosen. */
  readonly churn?: Churn | undefined;
  /** For unipc: 2, or 3, the default. */
  readonly order?: 2 | 3 | undefined;
  /** For rk45: the error of a step that is accepted, relative to x and absolute; 1e-5 unless chosen. */
  readonly relativeTolerance?: number | undefined;
  readonly absoluteTolerance?: number | undefined;
  /** For predictor-corrector: the ratio of a corrector's gradient to its noise, .16 unless chosen, and its steps per level, 1. */
  readonly snr?: number | undefined;
  readonly correctorSteps?: number | undefined;
  /** How it chooses their size; langevin unless chosen. */
  readonly corrector?: CorrectorName | undefined;
}

export interface SolverProgress {
  /** Where the points are, [n*D]; the same array at every step. */
  readonly x: Float64Array;
  /** Their noise level, the largest where they differ. */
  readonly sigma: number;
  /** Evaluations of each point so far. */
  readonly nfe: number;
}

export interface Solver {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** The power of the step with which the error falls; in distribution, for solvers that draw noise. */
  readonly order: number;
  /** Evaluations of each point that `solve` will ask for; undefined where the data decide. */
  nfe(options: SolverOptions): number | undefined;
  /** How many levels a budget of evaluations allows, undefined where it does not decide. Throws UserError when it is too small. */
  levels(options: SolverOptions, budget: number): number | undefined;
  /**
   * Yields once after every step from a level to the next, whatever it took; where the data decide, after each that is accepted.
   * Throws UserError before the first when options are out of range.
   */
  solve(problem: Problem, options: SolverOptions): AsyncGenerator<SolverProgress, void>;
}

/** Solvers that take the same number of evaluations from each level to the next, and one to denoise at the end. */
export const evaluationsPerStep = (
  each: (options: SolverOptions) => number,
): Pick<Solver, "nfe" | "levels"> => ({
  nfe: (options) => (options.sigmas.length - 1) * each(options) + Number(options.denoise),
  levels: (options, budget) =>
    1 + Math.floor(evaluationsLeft(options, budget, each(options)) / each(options)),
});

/** Each level with the next, 0 after the last if it is to be denoised. Throws UserError when the levels do not descend to one above 0. */
export function descentOf({ sigmas, denoise }: Descent): { sigma: number; next: number }[] {
  const last = lastNoiseLevel(sigmas);
  const steps = sigmas.slice(1).map((next, i) => ({ sigma: sigmas[i]!, next }));
  return denoise ? [...steps, { sigma: last, next: 0 }] : steps;
}
