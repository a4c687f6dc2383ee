// Denoisers that are known exactly, for solvers to be driven by, and the streams and levels that tests of solvers share.
import { type RandomStream, stream } from "../../lib/random.ts";
import type { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";
import { scoreUnit } from "../../lib/theory/score-unit.ts";
import type { Denoise, Solver } from "../../lib/theory/solvers/solver.ts";

/** D of data N(0, variance), in any dimension: x variance / (variance + sigma^2). */
export const gaussianDenoiser =
  (variance: number): Denoise =>
  async (x, sigmas) => {
    const dimensions = x.length / sigmas.length;
    return x.map((value, at) => (value * variance) / (variance + sigmas[Math.floor(at / dimensions)]! ** 2));
  };

/** D = x + sigma^2 score. */
export const mixtureDenoiser =
  (mixture: GaussianMixture): Denoise =>
  async (x, sigmas) => {
    const { dimensions } = mixture;
    const denoised = x.slice();
    for (const [i, sigma] of sigmas.entries()) {
      const first = i * dimensions;
      const score = mixture.score(x.subarray(first, first + dimensions), sigma);
      for (let d = 0; d < dimensions; d++) denoised[first + d]! += scoreUnit(sigma) * score[d]!;
    }
    return denoised;
  };

export const streams = (seed: number, count: number, purpose = "solver"): RandomStream[] =>
  Array.from({ length: count }, (_, i) => stream(seed, purpose, i));

/** The last of what a generator yields, copied, with the evaluations it took. */
export async function endOf(steps: ReturnType<Solver["solve"]>): Promise<{ x: Float64Array; nfe: number }> {
  let end: { readonly x: Float64Array; readonly nfe: number } | undefined;
  for await (const now of steps) end = now;
  return { x: end!.x.slice(), nfe: end!.nfe };
}
