// Walks a sampler's steps on plain numbers, for densities whose score is known exactly.
import { type RandomStream, stream } from "../../random.ts";
import { scoreUnit } from "../score-unit.ts";
import type { Step } from "./sampler.ts";

/** The score at a point x, [D], of the density blurred by sigma. */
export type Score = (x: Float64Array, sigma: number) => ArrayLike<number>;

/** Takes one point, [D], through the steps; yields where it is after each, in one array that the next step changes. */
export function* walk(
  steps: Iterable<Step>,
  score: Score,
  x: ArrayLike<number>,
  random: RandomStream,
): Generator<Float64Array, void> {
  const now = Float64Array.from(x);
  for (const { sigma, a, b, c } of steps) {
    const gradient = score(now, sigma);
    const drift = b * scoreUnit(sigma);
    // A step without noise draws none.
    for (let d = 0; d < now.length; d++)
      now[d] = (a + b) * now[d]! + drift * gradient[d]! + (c === 0 ? 0 : c * random.normal());
    yield now;
  }
}

export interface WalkOptions {
  readonly steps: Iterable<Step>;
  readonly score: Score;
  /** Where the points start, [n*D]. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  readonly seed: number;
}

/** Where the points end, [n*D]; point i of a seed ends at the same place in whatever company. */
export function walkAll({ steps, score, x, dimensions, seed }: WalkOptions): Float64Array {
  const all = [...steps];
  const ends = Float64Array.from(x);
  for (let i = 0; i < ends.length / dimensions; i++) {
    const point = ends.subarray(i * dimensions, (i + 1) * dimensions);
    let last: Float64Array = point;
    for (const now of walk(all, score, point, stream(seed, "walk", i))) last = now;
    point.set(last);
  }
  return ends;
}
