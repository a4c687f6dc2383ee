// The likelihood of samples under a trained model of discrete steps, by DDPM's bound, term by term.
import { UserError } from "../../lib/errors.ts";
import { Field } from "../../lib/run/field.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { type Bound, type BoundTerm, endings, variationalBound } from "../../lib/theory/bound.ts";
import { type Estimate, estimate } from "../../lib/theory/estimate.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { bitsPerDimension } from "../../lib/theory/likelihood.ts";
import { BITS, type ReverseVariance } from "../../lib/theory/vlb.ts";
import { type Likelihood, meanLogDensity, noiseOf } from "./likelihood.ts";

/** Bits per dimension of one term of the bound, by the variance of the reverse steps. */
export interface TermBits extends Readonly<Record<ReverseVariance, Estimate>> {
  readonly term: string;
}

export interface BoundLikelihood {
  /** L_T, L_(t-1) from the largest t to the smallest, L_0. */
  readonly terms: readonly TermBits[];
  readonly total: Readonly<Record<ReverseVariance, Estimate>>;
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
    denoise: async (rows) => {
      const own = labels && Int32Array.from(rows.samples, (sample) => labels[sample]!);
      return (await field.denoised(Float32Array.from(rows.x), { sigmas: rows.sigmas, labels: own })).denoised;
    },
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

type Nats = BoundTerm["nats"];

/** L_T, some ranges of t, L_0, and their sum, with standard errors over the samples. */
function tableOf({ prior, terms }: Bound) {
  const [first, ...rest] = terms;
  const stride = Math.ceil(rest.length / shownRanges);
  const groups = Array.from({ length: Math.ceil(rest.length / stride) }, (_, i) =>
    rest.slice(i * stride, (i + 1) * stride),
  );
  const priorNats: Nats = { beta: prior, posterior: prior };
  const rows = [
    { term: "L_T", nats: priorNats },
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

const byVariance = <T>(of: (variance: ReverseVariance) => T): Record<ReverseVariance, T> => ({
  beta: of("beta"),
  posterior: of("posterior"),
});

const sumOf = (all: readonly Nats[]): Nats =>
  byVariance((variance) =>
    all[0]![variance].map((_, i) => all.reduce((sum, nats) => sum + nats[variance][i]!, 0)),
  );

const bitsOf = (nats: Nats) => byVariance((variance) => estimate(nats[variance].map((each) => each * BITS)));
