// The probability-flow ODE by the adaptive Dormand–Prince method, to a tolerance instead of in a number of steps.
import { lastNoiseLevel } from "../samplers/sampler.ts";
import { dormandPrince } from "./dormand-prince.ts";
import { Points } from "./points.ts";
import type { Solver } from "./solver.ts";

/**
 * dx/dsigma = (x - D)/sigma (Karras et al. 2022, Eq. 3) from the first level to the last, with steps of each point's own; the
 * levels between do not matter. Song et al. 2021 solve the same curves in t, with the same method and tolerances.
 */
export const rk45: Solver = {
  summary: "probability-flow ODE by adaptive Runge–Kutta to --tolerance: as many evaluations as it takes",
  source: "Song et al. 2021, section 4.3; Dormand & Prince 1980",
  order: 5,
  nfe: () => undefined,
  levels: () => undefined,
  async *solve(problem, options) {
    const { sigmas, denoise, relativeTolerance = 1e-5, absoluteTolerance = 1e-5 } = options;
    const last = lastNoiseLevel(sigmas);
    const points = new Points(problem);
    const derivative = async (x: Float64Array, t: Float64Array): Promise<Float64Array> => {
      const denoised = await points.denoised(t, x);
      return x.map((value, at) => (value - denoised[at]!) / t[Math.floor(at / points.dimensions)]!);
    };
    const { x, dimensions } = problem;
    const ends = { derivative, x, dimensions, from: sigmas[0]!, to: last };
    for await (const now of dormandPrince({ ...ends, relativeTolerance, absoluteTolerance })) {
      points.x.set(now.x);
      yield points.at(now.t.reduce((a, b) => Math.max(a, b)));
    }
    if (!denoise) return;
    points.move({ a: 0, b: 1, c: 0 }, await points.denoised(last));
    yield points.at(0);
  },
};
