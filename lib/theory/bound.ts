// DDPM's variational bound on -log p(x_0), term by term: L_T, L_(t-1) for t = 2..T, and L_0 (Ho et al. 2020, Eq. 5).
import { UserError } from "../errors.ts";
import type { RandomStream } from "../random.ts";
import {
  clippedLogPosteriorVariance,
  type DiscreteSchedule,
  learnedLogVariance,
  noiseVariance,
  posteriorMean,
} from "./schedules/discrete-schedule.ts";
import type { Rows } from "./traces.ts";
import { decoderTerm, gaussianKl, priorTerm, type ReverseVariance, reverseVariances } from "./vlb.ts";

/** The data's own end of the chain. */
interface Ending {
  /** -log p(x_0 | x_1) of one value in nats, for the model's mean of it. */
  readonly decoder: (value: number, mean: number, logVariance: number) => number;
  /** The log variances that are fixed. */
  readonly logVariance: (chain: DiscreteSchedule, variance: ReverseVariance) => number;
  /** Denoised values are clipped to ± this. */
  readonly limit: number;
}

const gaussianTerm = (value: number, mean: number, logVariance: number): number =>
  ((value - mean) ** 2 * Math.exp(-logVariance) + logVariance + Math.log(2 * Math.PI)) / 2;

/**
 * pixels: the probability of one of 256 values, with beta~_2 as variance, which fits them best, and denoised images clipped to
 * [-1, 1] (Ho et al. 2020, in code). points: a density, with beta_1, or beta~_2 for beta~_1 = 0.
 */
export const endings = {
  pixels: {
    decoder: (value, mean, logVariance) => decoderTerm(value, mean, Math.exp(logVariance / 2)),
    logVariance: (chain) => clippedLogPosteriorVariance(chain, 1),
    limit: 1,
  },
  points: {
    decoder: gaussianTerm,
    logVariance: (chain, variance) =>
      Math.log(reverseVariances[variance](chain, variance === "beta" ? 1 : 2)),
    limit: Infinity,
  },
} satisfies Record<string, Ending>;

/** Of points [n*D]. */
export interface Prediction {
  /** D(x; sigma). */
  readonly denoised: ArrayLike<number>;
  /** Where each log variance lies between log beta~ (0) and log beta (1), of models that learned it. */
  readonly fraction?: ArrayLike<number> | undefined;
}

export interface BoundOptions {
  readonly chain: DiscreteSchedule;
  /** The samples, [n*D]. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  /** What the model says of points in VE coordinates. */
  readonly predict: (rows: Rows) => Promise<Prediction>;
  /** Whether the model learned variances, so that they are a third choice. */
  readonly learned?: boolean;
  readonly ending: Ending;
  /** Times at which each sample is denoised, 2..T; with T of them the sum over t is exact, with fewer it is estimated. */
  readonly times: number;
  /** How many points are denoised at once. */
  readonly rows: number;
  /** The noise of each sample: one stream each, so that a sample's terms do not depend on its company. */
  readonly random: readonly Pick<RandomStream, "normal" | "integer">[];
}

/** Nats per dimension of each sample, [n], by the variance of the reverse steps; `learned` for models that learned it. */
export interface Nats extends Readonly<Record<ReverseVariance, Float64Array>> {
  readonly learned?: Float64Array;
}

/** The sum of L_(t-1) over a range of t; where the range is that of one random t, its estimate. */
export interface BoundTerm {
  readonly from: number;
  readonly to: number;
  readonly nats: Nats;
}

export interface Bound {
  /** L_T, the same for all variances, [n]. */
  readonly prior: Float64Array;
  /** L_0 at t = 1, then L_(t-1) for t = 2..T. */
  readonly terms: readonly BoundTerm[];
  /** Points denoised so far, and in all. */
  readonly done: number;
  readonly total: number;
}

/**
 * Yields after every batch of points; the terms are whole at the last. Times are drawn one from each of `times - 1` ranges of 2..T, which
 * are shorter where t is small and terms are large, and each counts for its range, so that the sum is unbiased.
 * Throws UserError unless `times` is in 2..T.
 */
export async function* variationalBound(options: BoundOptions): AsyncGenerator<Bound, void> {
  const { chain, x, dimensions, times, random } = options;
  const count = x.length / dimensions;
  const empty = (): Nats => ({
    beta: new Float64Array(count),
    posterior: new Float64Array(count),
    ...(options.learned && { learned: new Float64Array(count) }),
  });
  const terms = timeRanges(chain.steps, times).map((range) => ({ ...range, nats: empty() }));
  const prior = Float64Array.from({ length: count }, (_, i) =>
    priorTerm(chain, meanSquare(x, i * dimensions, dimensions)),
  );
  const total = terms.length * count;
  let places: Place[] = [];
  let done = 0;
  for (const term of terms)
    for (let sample = 0; sample < count; sample++) {
      places.push(placeIn(term, sample, random[sample]!, dimensions));
      done++;
      if (places.length < options.rows && done < total) continue;
      await evaluate(options, places);
      places = [];
      yield { prior, terms, done, total };
    }
}

interface Place {
  readonly term: BoundTerm;
  readonly sample: number;
  readonly t: number;
  readonly noise: Float64Array;
}

/** A random time of the term, and the sample's noise there: drawn together, whatever else is denoised in the same batch. */
function placeIn(
  term: BoundTerm,
  sample: number,
  random: BoundOptions["random"][number],
  dimensions: number,
): Place {
  const t = term.from + random.integer(term.to - term.from + 1);
  return { term, sample, t, noise: Float64Array.from({ length: dimensions }, () => random.normal()) };
}

/** t = 1, then 2..T in `times - 1` ranges whose ends grow as squares. */
export function timeRanges(steps: number, times: number): { from: number; to: number }[] {
  if (!(Number.isInteger(times) && times >= 2 && times <= steps))
    throw new UserError(
      `bound: expected 2 to ${steps} times, as many as the schedule has steps, got ${times}`,
    );
  const ranges = [{ from: 1, to: 1 }];
  for (let k = 1; k < times; k++) {
    const from = ranges.at(-1)!.to + 1;
    const end = 1 + Math.round((steps - 1) * (k / (times - 1)) ** 2);
    ranges.push({ from, to: Math.max(from, end) });
  }
  return ranges;
}

function meanSquare(x: ArrayLike<number>, first: number, dimensions: number): number {
  let sum = 0;
  for (let d = 0; d < dimensions; d++) sum += x[first + d]! ** 2;
  return sum / dimensions;
}

/** Denoises the places' samples with noise of their own and writes their terms. */
async function evaluate(options: BoundOptions, places: readonly Place[]): Promise<void> {
  const { chain, x, dimensions, predict } = options;
  const sigmas = Float64Array.from(places, ({ t }) =>
    Math.sqrt(noiseVariance(chain, t) / chain.alphaBars[t]!),
  );
  const noisy = new Float64Array(places.length * dimensions);
  for (const [row, { sample, noise }] of places.entries())
    for (let d = 0; d < dimensions; d++)
      noisy[row * dimensions + d] = x[sample * dimensions + d]! + sigmas[row]! * noise[d]!;
  const { denoised, fraction } = await predict({
    x: noisy,
    sigmas,
    samples: places.map(({ sample }) => sample),
  });
  for (const [row, { term, sample, t }] of places.entries()) {
    const weight = (term.to - term.from + 1) / dimensions;
    const one = termAt(options, t);
    for (const [name, nats] of Object.entries(term.nats) as [keyof Nats, Float64Array][]) {
      const logVariance = logVarianceAt(options, t, name);
      let sum = 0;
      for (let d = 0; d < dimensions; d++) {
        const at = row * dimensions + d;
        sum += one(x[sample * dimensions + d]!, denoised[at]!, logVariance(fraction?.[at] ?? 0));
      }
      nats[sample] = weight * sum;
    }
  }
}

/** The log variance of a reverse step, as a function of where a learned one lies. */
function logVarianceAt({ chain, ending }: BoundOptions, t: number, variance: keyof Nats) {
  if (variance === "learned") return (fraction: number) => learnedLogVariance(chain, t, fraction);
  const fixed =
    t === 1 ? ending.logVariance(chain, variance) : Math.log(reverseVariances[variance](chain, t));
  return () => fixed;
}

/** The term at t of one value in nats, from the value and what the model takes it for: means of x_(t-1) differ by that alone. */
function termAt({ chain, ending }: BoundOptions, t: number) {
  const { decoder, limit } = ending;
  const clipped = (denoised: number): number => Math.min(limit, Math.max(-limit, denoised));
  if (t === 1)
    return (value: number, denoised: number, logVariance: number) =>
      decoder(value, clipped(denoised), logVariance);
  const { x0 } = posteriorMean(chain, t);
  const truth = Math.log(chain.posteriorVariances[t]!);
  return (value: number, denoised: number, logVariance: number) =>
    gaussianKl({ mean: x0 * value, logVariance: truth }, { mean: x0 * clipped(denoised), logVariance });
}
