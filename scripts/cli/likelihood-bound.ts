// The likelihood of samples under a trained model of discrete steps, by DDPM's bound, term by term.
import { UserError } from "../../lib/errors.ts";
import { Field } from "../../lib/run/field.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { type Bound, endings, type Nats, variationalBound } from "../../lib/theory/bound.ts";
import { type Estimate, estimate } from "../../lib/theory/estimate.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { bitsPerDimension } from "../../lib/theory/likelihood.ts";
import { BITS } from "../../lib/theory/vlb.ts";
import { type Likelihood, meanLogDensity, noiseOf } from "./likelihood.ts";

/** Bits per dimension by the variance of the reverse steps; `learned` for models that learned it. */
export type Bits = { readonly [K in keyof Nats]: Estimate };

/** Of one term of the bound. */
export interface TermBits extends Bits {
  readonly term: string;
}

export interface BoundLikelihood {
  /** L_T, L_(t-1) from the largest t to the smallest, L_0. */
  readonly terms: readonly TermBits[];
  readonly total: Bits;
  /** Mean -log p in bits per dimension under the true law of the data. */
  readonly exactBitsPerDim?: number;
  /** Evaluations of the denoiser for a sample. */
  readonly nfe: number;
}

/** Times at which the bound is evaluated unless others are chosen. */
const defaultTimes = 100;

/** Rows of the table, besides the first and the last. */
const shownRanges = 10;

/** Whether the model's schedule is a chain of steps, for which alone the bound is defined. */
export const hasBound = ({ manifest }: Artifact): boolean =>
  openScheduleOf(manifest.noise.schedule).discrete !== undefined;

/** By DDPM's bound; undefined when interrupted. Throws UserError for a schedule in continuous time. */
export async function boundLikelihood(
  likelihood: Likelihood,
  steps: number | undefined,
): Promise<BoundLikelihood | undefined> {
  const { samples, artifact, signal, onProgress } = likelihood;
  const { manifest } = artifact;
  const chain = openScheduleOf(manifest.noise.schedule).discrete;
  if (!chain)
    throw new UserError(
      `${artifact.where} has the schedule "${manifest.noise.schedule.name}", without the steps of which a bound is the sum; take --method ode`,
    );
  await using field = await Field.open(likelihood);
  const { x, dimensions, labels, kind, density } = samples;
  const times = steps ?? Math.min(defaultTimes, chain.steps);
  const bound = variationalBound({
    chain,
    x,
    dimensions,
    predict: (rows) => {
      const own = labels && Int32Array.from(rows.samples, (sample) => labels[sample]!);
      return field.denoised(Float32Array.from(rows.x), { sigmas: rows.sigmas, labels: own });
    },
    learned: manifest.noise.variance === "learned",
    ending: kind === "images" ? endings.pixels : endings.points,
    times,
    rows: Math.max(...manifest.graphs.sampling.map(({ batch }) => batch)),
    random: noiseOf(likelihood, "bound"),
  });
  let whole: Bound | undefined;
  for await (whole of bound) {
    if (signal.aborted) return undefined;
    onProgress(whole.done / whole.total);
  }
  return {
    ...tableOf(whole!),
    ...(density?.form === "exact" && {
      exactBitsPerDim: bitsPerDimension(meanLogDensity(samples, density, 0), dimensions),
    }),
    nfe: times,
  };
}

/** L_T, some ranges of t, L_0, and their sum, with standard errors over the samples. */
function tableOf({ prior, terms }: Bound) {
  const [first, ...rest] = terms;
  const stride = Math.ceil(rest.length / shownRanges);
  const groups = Array.from({ length: Math.ceil(rest.length / stride) }, (_, i) =>
    rest.slice(i * stride, (i + 1) * stride),
  );
  const rows = [
    { term: "L_T", nats: byVariance(first!.nats, () => prior) },
    ...groups.reverse().map((group) => ({
      term: `L_(t-1), t = ${group.at(-1)!.to}..${group[0]!.from}`,
      nats: sumOf(group.map(({ nats }) => nats)),
    })),
    { term: "L_0", nats: first!.nats },
  ];
  return {
    terms: rows.map(({ term, nats }) => ({ term, ...bitsOf(nats) })),
    total: bitsOf(sumOf(rows.map(({ nats }) => nats))),
  };
}

/** What becomes of each variance's nats. */
const byVariance = <T>(
  nats: Nats,
  of: (each: Float64Array, variance: keyof Nats) => T,
): { readonly [K in keyof Nats]: T } => ({
  beta: of(nats.beta, "beta"),
  posterior: of(nats.posterior, "posterior"),
  ...(nats.learned && { learned: of(nats.learned, "learned") }),
});

const sumOf = (all: readonly Nats[]): Nats =>
  byVariance(all[0]!, (first, variance) =>
    first.map((_, i) => all.reduce((sum, nats) => sum + nats[variance]![i]!, 0)),
  );

const bitsOf = (nats: Nats): Bits => byVariance(nats, (each) => estimate(each.map((one) => one * BITS)));
