// Heun's method on the probability-flow ODE, with noise added before each step if it is wanted (Karras et al. 2022).
import { Points } from "./points.ts";
import { type Churn, descentOf, evaluationsPerStep, type Solver } from "./solver.ts";

const MOST = Math.SQRT2 - 1;

/** Algorithm 2, which is Algorithm 1 without churn: dx/dsigma = (x - D)/sigma by a trapezoid; the step to 0 is Euler's. */
export const heun: Solver = {
  summary: "probability-flow ODE by Heun's method, EDM's sampler: two evaluations a step, --churn adds noise",
  source: "Karras et al. 2022, Algorithms 1 and 2",
  order: 2,
  ...evaluationsPerStep(() => 2),
  async *solve(problem, options) {
    const points = new Points(problem);
    for (const { sigma, next } of descentOf(options)) {
      const raised = churned(points, sigma, options.churn, options.sigmas.length);
      await step(points, raised, next);
      yield points.at(next);
    }
  },
};

// gamma = S_churn / N, but at most sqrt(2) - 1, so that no more noise is added than there is.
function churned(points: Points, sigma: number, churn: Churn | undefined, steps: number): number {
  if (!churn || churn.amount === 0 || sigma < churn.from || sigma > churn.to) return sigma;
  const raised = sigma * (1 + Math.min(churn.amount / steps, MOST));
  points.blur(churn.noise * Math.sqrt(raised ** 2 - sigma ** 2));
  return raised;
}

async function step(points: Points, sigma: number, next: number): Promise<void> {
  const { x } = points;
  const before = x.slice();
  const first = await points.denoised(sigma);
  const ratio = next / sigma;
  points.move({ a: ratio, b: 1 - ratio, c: 0 }, first);
  if (next === 0) return;
  const second = await points.denoised(next);
  const half = (next - sigma) / 2;
  for (let at = 0; at < x.length; at++) {
    const slopes = (before[at]! - first[at]!) / sigma + (x[at]! - second[at]!) / next;
    x[at] = before[at]! + half * slopes;
  }
}
