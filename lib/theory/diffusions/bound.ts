// Sohl-Dickstein's bound K on log p(x_0) of a diffusion, term by term.
import type { RandomStream } from "../../random.ts";
import { timeRanges } from "../bound.ts";
import type { DiffusionLaw } from "./law.ts";

/** Points of the chain, all in the order of the rows. */
export interface ChainRows {
  /** x_t, [n*D]. */
  readonly x: Float32Array;
  /** t, [n]. */
  readonly times: Int32Array;
  /** The number of the sample that each row is of. */
  readonly samples: readonly number[];
}

export interface DiffusionBoundOptions {
  readonly law: DiffusionLaw;
  /** The samples, [n*D]. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  /** What the model says of p(x_(t-1) | x_t), each [n*D], in the order of `law.says`. */
  readonly reverse: (rows: ChainRows) => Promise<readonly ArrayLike<number>[]>;
  /** Times at which each sample's divergence is evaluated, 1..T-1; with T - 1 of them the sum over t is exact, with fewer it is estimated. */
  readonly times: number;
  /** How many points are evaluated at once. */
  readonly rows: number;
  /** The noise of each sample: one stream each, so that a sample's terms do not depend on its company. */
  readonly random: readonly Pick<RandomStream, "normal" | "uniform" | "integer">[];
}

/** The sum of divergences over a range of t in bits, [n]; where the range is that of one random t, its estimate. */
export interface DivergenceTerm {
  readonly from: number;
  readonly to: number;
  readonly bits: Float64Array;
}

export interface DiffusionBound {
  /** For t = 2..T. */
  readonly divergences: readonly DivergenceTerm[];
  /** H_q(X_T | X_0), H_q(X_1 | X_0) and H_p(X_T) in bits, [n]. */
  readonly end: Float64Array;
  readonly start: Float64Array;
  readonly prior: Float64Array;
  /** Bits under independent values, which K is to surpass, [n]. */
  readonly unlearned: Float64Array;
  /** Points evaluated so far, and in all. */
  readonly done: number;
  readonly total: number;
}

/**
 * Yields after every batch of points; the terms, in bits per sample, are whole at the last (Sohl-Dickstein et al. 2015, Eq. 14). Times are
 * drawn one from each range, as for DDPM's bound. Throws UserError unless `times` is in 1..T-1.
 */
export async function* diffusionBound(options: DiffusionBoundOptions): AsyncGenerator<DiffusionBound, void> {
  const { law, x, dimensions, random } = options;
  const count = x.length / dimensions;
  const [, ...ranges] = timeRanges(law.steps, options.times + 1);
  const divergences = ranges.map((range) => ({ ...range, bits: new Float64Array(count) }));
  const known = { divergences, ...ends(options) };
  const total = divergences.length * count;
  let places: Place[] = [];
  let done = 0;
  for (const term of divergences)
    for (let sample = 0; sample < count; sample++) {
      const t = term.from + random[sample]!.integer(term.to - term.from + 1);
      const xt = new Float32Array(dimensions);
      for (let d = 0; d < dimensions; d++) xt[d] = law.noisy(x[sample * dimensions + d]!, t, random[sample]!);
      places.push({ term, sample, t, xt });
      done++;
      if (places.length < options.rows && done < total) continue;
      await evaluate(options, places);
      places = [];
      yield { ...known, done, total };
    }
}

interface Place {
  readonly term: DivergenceTerm;
  readonly sample: number;
  readonly t: number;
  readonly xt: Float32Array;
}

/** Asks the model about the places and writes their terms. */
async function evaluate({ law, x, dimensions, reverse }: DiffusionBoundOptions, places: readonly Place[]) {
  const points = new Float32Array(places.length * dimensions);
  for (const [row, { xt }] of places.entries()) points.set(xt, row * dimensions);
  const said = await reverse({
    x: points,
    times: Int32Array.from(places, ({ t }) => t),
    samples: places.map(({ sample }) => sample),
  });
  for (const [row, { term, sample, t, xt }] of places.entries()) {
    let sum = 0;
    for (let d = 0; d < dimensions; d++) {
      const state = { t, x0: x[sample * dimensions + d]!, xt: xt[d]! };
      sum += law.divergence(state, said, row * dimensions + d);
    }
    term.bits[sample] = (term.to - term.from + 1) * sum;
  }
}

/** The terms without a model, summed over each sample's values. */
function ends({ law, x, dimensions }: DiffusionBoundOptions) {
  const count = x.length / dimensions;
  const sums = (of: (x0: number) => number) =>
    Float64Array.from({ length: count }, (_, sample) => {
      let sum = 0;
      for (let d = 0; d < dimensions; d++) sum += of(x[sample * dimensions + d]!);
      return sum;
    });
  let mean = 0;
  for (let i = 0; i < x.length; i++) mean += x[i]! / x.length;
  return {
    end: sums((x0) => law.ends(x0).end),
    start: sums((x0) => law.ends(x0).start),
    prior: sums((x0) => law.ends(x0).prior),
    unlearned: sums((x0) => law.unlearned(x0, mean)),
  };
}
