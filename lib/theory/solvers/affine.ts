// A sampler's steps on arrays: what makes every sampler with three numbers per step comparable to the solvers.
import type { Step } from "../samplers/sampler.ts";
import { Points } from "./points.ts";
import type { Problem, SolverProgress } from "./solver.ts";

/** x <- a x + b D(x; sigma) + c z for all points together; yields after every step, with the level that it evaluated. */
export async function* takeSteps(
  problem: Problem,
  steps: Iterable<Step>,
): AsyncGenerator<SolverProgress, void> {
  const points = new Points(problem);
  for (const step of steps) {
    points.move(step, await points.denoised(step.sigma));
    yield points.at(step.sigma);
  }
}
