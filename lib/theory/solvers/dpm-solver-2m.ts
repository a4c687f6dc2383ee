// DPM-Solver++(2M): exact in all but the denoised, which is extrapolated from two levels (Lu et al. 2022), as an ODE or an SDE.
import { Points } from "./points.ts";
import { descentOf, evaluationsPerStep, type Solver } from "./solver.ts";

/**
 * In lambda = -ln sigma: x <- (s/sigma)^k x + (1 - (s/sigma)^k) (D + (D - D_before) h / (2 h_before)) + c z, with k = 1 and no
 * noise for the ODE, k = 2 and c = s sqrt(1 - (s/sigma)^2) for the SDE. The first step and the one to 0 do not extrapolate.
 */
const multistep = (k: 1 | 2, about: Pick<Solver, "summary" | "source" | "order">): Solver => ({
  ...about,
  ...evaluationsPerStep(() => 1),
  async *solve(problem, options) {
    const points = new Points(problem);
    let before: { denoised: ArrayLike<number>; h: number } | undefined;
    for (const { sigma, next } of descentOf(options)) {
      const denoised = await points.denoised(sigma);
      const h = Math.log(sigma / next);
      const middle =
        before && next > 0 ? extrapolated(denoised, before.denoised, h / (2 * before.h)) : denoised;
      const a = (next / sigma) ** k;
      points.move({ a, b: 1 - a, c: k === 1 ? 0 : next * Math.sqrt(1 - a) }, middle);
      before = { denoised, h };
      yield points.at(next);
    }
  },
});

function extrapolated(now: ArrayLike<number>, before: ArrayLike<number>, by: number): Float64Array {
  return Float64Array.from(now, (value, at) => value + by * (value - before[at]!));
}

export const dpmSolver2M = multistep(1, {
  summary: "probability-flow ODE by DPM-Solver++(2M): second order with one evaluation a step",
  source: "Lu et al. 2022, DPM-Solver++, Algorithm 2",
  order: 2,
});

export const dpmSolver2MSde = multistep(2, {
  summary: "reverse-time SDE by SDE-DPM-Solver++(2M)",
  source: "Lu et al. 2022, DPM-Solver++, section 5 and appendix",
  order: 2,
});
