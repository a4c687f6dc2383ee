// What tests of solvers share: the denoiser of Gaussian data, streams of noise, and where a solver ends.
import { type RandomStream, stream } from "../../lib/random.ts";
import type { Denoise, Solver } from "../../lib/theory/solvers/solver.ts";

/** D of data N(0, variance), in any dimension: x variance / (variance + sigma^2). */
export const gaussianDenoiser =
  (variance: number): Denoise =>
  async (x, sigmas) => {
    const dimensions = x.length / sigmas.length;
    return x.map((value, at) => (value * variance) / (variance + sigmas[Math.floor(at / dimensions)]! ** 2));
  };

export const streams = (seed: number, count: number, purpose = "solver"): RandomStream[] =>
  Array.from({ length: count }, (_, i) => stream(seed, purpose, i));

/** The last of what a generator yields, copied, with the evaluations it took. */
export async function endOf(steps: ReturnType<Solver["solve"]>): Promise<{ x: Float64Array; nfe: number }> {
  let end: { readonly x: Float64Array; readonly nfe: number } | undefined;
  for await (const now of steps) end = now;
  return { x: end!.x.slice(), nfe: end!.nfe };
}
