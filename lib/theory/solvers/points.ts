// The points that a solver moves: where they are, the noise they draw, and the evaluations they took.
import type { Step } from "../samplers/sampler.ts";
import type { Problem, SolverProgress } from "./solver.ts";

export class Points {
  readonly x: Float64Array;
  readonly count: number;
  readonly dimensions: number;
  nfe = 0;
  private readonly problem: Problem;

  constructor(problem: Problem) {
    this.problem = problem;
    this.x = Float64Array.from(problem.x);
    this.dimensions = problem.dimensions;
    this.count = this.x.length / problem.dimensions;
    if (problem.random.length !== this.count)
      throw new Error(
        `solver: expected a random stream for each of ${this.count} points, got ${problem.random.length}`,
      );
  }

  /** D(x; sigma) where the points are, or at other places [n*D]; one level for all, or one for each, [n]. */
  async denoised(sigma: number | Float64Array, x = this.x): Promise<ArrayLike<number>> {
    this.nfe++;
    const sigmas = typeof sigma === "number" ? new Float64Array(this.count).fill(sigma) : sigma;
    return await this.problem.denoise(x, sigmas);
  }

  /** Standard normals [n*D] from the points' own streams. */
  noise(): Float64Array {
    const z = new Float64Array(this.x.length);
    for (let at = 0; at < z.length; at++)
      z[at] = this.problem.random[Math.floor(at / this.dimensions)]!.normal();
    return z;
  }

  /** x <- a x + b D + c z for given D, [n*D]; no noise is drawn where c is 0. */
  move({ a, b, c }: Omit<Step, "sigma">, denoised: ArrayLike<number>): void {
    const { x } = this;
    for (let at = 0; at < x.length; at++) x[at] = a * x[at]! + b * denoised[at]!;
    if (c !== 0) this.blur(c);
  }

  /** x <- x + c z. */
  blur(c: number): void {
    const { x } = this;
    const z = this.noise();
    for (let at = 0; at < x.length; at++) x[at]! += c * z[at]!;
  }

  at(sigma: number): SolverProgress {
    return { x: this.x, sigma, nfe: this.nfe };
  }
}
