// Predictor–corrector sampling: a reverse-diffusion step to each level, then Langevin steps at it (Song et al. 2021).
import { UserError } from "../../errors.ts";
import { reverseDiffusionStep } from "../samplers/reverse-diffusion.ts";
import { Points } from "./points.ts";
import {
  type CorrectorName,
  descentOf,
  evaluationsPerStep,
  type Solver,
  type SolverOptions,
} from "./solver.ts";

const correctorStepsOf = ({ correctorSteps = 1 }: SolverOptions): number => correctorSteps;

/**
 * Langevin steps b = alpha / sigma^2 from the squared norms of the noise and of D - x, which is sigma^2 times the score.
 * langevin: alpha = 2 (snr ‖z‖/‖score‖)^2, at most sigma^2 because at a mode the score vanishes (Algorithms 4 and 5).
 * annealed: alpha = 2 (snr sigma)^2, what the other is where all is noise (Song et al. 2021, in code, "ald").
 */
const stepSizes = {
  langevin: (snr, sigma, noise, pull) => Math.min(1, (2 * snr ** 2 * sigma ** 2 * noise) / pull),
  annealed: (snr) => 2 * snr ** 2,
} satisfies Record<CorrectorName, (snr: number, sigma: number, noise: number, pull: number) => number>;

/**
 * Algorithms 2 and 3. Norms are each point's own, where the authors' code takes means over the batch. Steps that depend on x do
 * not keep its law: in D dimensions the corrector "langevin" alone would widen a Gaussian's variance by (1 + 2/D)^2, a factor
 * of 4 in a plane, nothing in images. Take "annealed" for points.
 */
export const predictorCorrector: Solver = {
  summary: "reverse diffusion with --corrector-steps of Langevin dynamics at each level, as large as --snr",
  source: "Song et al. 2021, Algorithms 2 to 5",
  order: 1,
  ...evaluationsPerStep((options) => 1 + correctorStepsOf(options)),
  async *solve(problem, options) {
    requireSnr(options);
    const points = new Points(problem);
    const predict = reverseDiffusionStep(options);
    for (const { sigma, next } of descentOf(options)) {
      const denoised = await points.denoised(sigma);
      points.move(next > 0 ? predict(sigma, next) : { a: 0, b: 1, c: 0 }, denoised);
      for (let i = 0; next > 0 && i < correctorStepsOf(options); i++)
        correct(points, await points.denoised(next), next, options);
      yield points.at(next);
    }
  },
};

function requireSnr({ snr = 0 }: SolverOptions): void {
  if (!(snr >= 0 && snr < Infinity))
    throw new UserError(`predictor-corrector: expected a signal-to-noise ratio of 0 or more, got ${snr}`);
}

// x <- x + alpha score + sqrt(2 alpha) z, alpha for each point.
function correct(
  points: Points,
  denoised: ArrayLike<number>,
  sigma: number,
  { snr = 0.16, corrector = "langevin" }: SolverOptions,
): void {
  const { x, dimensions, count } = points;
  const z = points.noise();
  const pull = x.map((value, at) => denoised[at]! - value);
  for (let i = 0; i < count; i++) {
    const [first, end] = [i * dimensions, (i + 1) * dimensions];
    const norms = [z, pull].map((vector) => squaredNorm(vector.subarray(first, end))) as [number, number];
    const b = stepSizes[corrector](snr, sigma, ...norms);
    const c = sigma * Math.sqrt(2 * b);
    for (let at = first; at < end; at++) x[at]! += b * pull[at]! + c * z[at]!;
  }
}

const squaredNorm = (vector: Float64Array): number => vector.reduce((sum, value) => sum + value * value, 0);
