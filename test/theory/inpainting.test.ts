// Inpainting of a Gaussian, whose conditional law is known: what is known comes out exactly, and how near the rest comes.
import { describe, expect, test } from "bun:test";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";
import { inpainted } from "../../lib/theory/inpainting.ts";
import { geometricSigmas } from "../../lib/theory/noise-ladder.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import type { SamplerOptions } from "../../lib/theory/samplers/sampler.ts";
import { takeSteps } from "../../lib/theory/solvers/affine.ts";
import { exactDenoiser } from "../../lib/theory/solvers/exact-denoiser.ts";
import { solvers } from "../../lib/theory/solvers/index.ts";
import type { Problem, Solver } from "../../lib/theory/solvers/solver.ts";
import { endOf, streams } from "../support/solving.ts";

const correlation = 0.8;
const law = GaussianMixture.gaussian([0, 0], [1, correlation, correlation, 1]);
const known = 1;
const count = 2000;
const sigmaMax = 20;

/** The second coordinate where the first is known: its mean and variance. */
async function filledIn(solve: (problem: Problem) => ReturnType<Solver["solve"]>) {
  const random = streams(4, count);
  const x = Float64Array.from({ length: 2 * count }, (_, i) => sigmaMax * random[i >> 1]!.normal());
  const denoise = inpainted(exactDenoiser(law), { values: [known, 0], mask: [1, 0] });
  const end = (await endOf(solve({ denoise, x, dimensions: 2, random }))).x;
  const unknown = end.filter((_, i) => i % 2 === 1);
  expect(end.filter((_, i) => i % 2 === 0)).toEqual(new Float64Array(count).fill(known));
  const mean = unknown.reduce((sum, value) => sum + value, 0) / count;
  return { mean, variance: unknown.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count };
}

const options = (levels: number, sigmaMin: number, stepsPerLevel = 1): SamplerOptions => ({
  sigmas: geometricSigmas(sigmaMax, sigmaMin, levels),
  stepsPerLevel,
  steps: 0,
  stepSize: 0.2 * sigmaMin ** 2,
  sigmaData: 1,
  denoise: true,
});

// The law is N(.8, .36). 2,000 samples: the standard errors are .018 of a mean and 3.2 % of a variance; four of them are allowed.
describe("a point with one known coordinate", () => {
  test("annealed Langevin dynamics comes to the conditional law as its steps grow in number", async () => {
    const walked = (steps: number) =>
      filledIn((problem) =>
        takeSteps(problem, samplers["annealed-langevin"].steps(options(30, 0.05, steps))),
      );
    const [few, many] = [await walked(5), await walked(40)];
    expect(Math.abs(few.mean - 0.64)).toBeLessThan(0.08);
    expect(Math.abs(many.mean - correlation)).toBeLessThan(0.08);
    expect(Math.abs(many.variance / (1 - correlation ** 2) - 1)).toBeLessThan(0.15);
  });

  // The known coordinate is hidden by its noise for as long as the other one has not decided.
  test.each([
    { name: "the probability-flow ODE", method: solvers.heun.solve, share: 0.4 },
    {
      name: "the ancestral sampler",
      method: (problem: Problem, chosen: SamplerOptions) =>
        takeSteps(problem, samplers.ancestral.steps(chosen)),
      share: 0.58,
    },
  ])("$name finds $share of the dependence", async ({ method, share }) => {
    const { mean, variance } = await filledIn((problem) => method(problem, options(60, 0.01)));
    expect(Math.abs(mean / correlation - share)).toBeLessThan(0.09);
    // Wider than the law, and no wider than without the known coordinate.
    expect(variance).toBeGreaterThan(0.4);
    expect(variance).toBeLessThan(1);
  });
});

test("points have their own known values and masks, or share one; a share between blends", async () => {
  const denoise = async (x: Float64Array) => x.map(() => 10);
  const x = new Float64Array(4);
  const sigmas = Float64Array.of(1, 1);
  const own = inpainted(denoise, { values: [1, 2, 3, 4], mask: [1, 0, 0, 1] });
  expect(Array.from(await own(x, sigmas))).toEqual([1, 10, 10, 4]);
  const shared = inpainted(denoise, { values: [0, 20], mask: [0.25, 0.5] });
  expect(Array.from(await shared(x, sigmas))).toEqual([7.5, 15, 7.5, 15]);
});
