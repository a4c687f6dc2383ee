// The likelihood of samples under a trained diffusion, by Sohl-Dickstein's bound K, term by term.
import { diffusionLaw } from "../../lib/run/diffusion-law.ts";
import { ReverseProcess } from "../../lib/run/reverse-process.ts";
import { type DiffusionBound, diffusionBound } from "../../lib/theory/diffusions/bound.ts";
import { type Estimate, estimate } from "../../lib/theory/estimate.ts";
import { BITS } from "../../lib/theory/vlb.ts";
import { type Likelihood, meanLogDensity, noiseOf } from "./likelihood.ts";

export interface DiffusionLikelihood {
  /** Bits of a sample: the divergences from the largest t to the smallest, negative as they are in K, then the entropies. */
  readonly terms: readonly { readonly term: string; readonly bits: Estimate }[];
  /** K, a lower bound on log p. */
  readonly total: Estimate;
  readonly bitsPerDim: Estimate;
  /** What K is above the log-likelihood under independent values. */
  readonly aboveIndependent: Estimate;
  /** Mean log p in bits under the true law of the data, or what it is on average. */
  readonly exact?: number;
  /** Evaluations of the network for a sample. */
  readonly nfe: number;
}

/** Rows of divergences in the table. */
const shownRanges = 10;

/** By K; undefined when interrupted. Throws UserError for a model without a diffusion. */
export async function diffusionLikelihood(
  likelihood: Likelihood,
  steps: number | undefined,
): Promise<DiffusionLikelihood | undefined> {
  const { samples, artifact, weights, signal, onProgress } = likelihood;
  const { x, dimensions, labels } = samples;
  const law = diffusionLaw(artifact.manifest, weights);
  await using process = await ReverseProcess.open(likelihood);
  const times = steps ?? law.steps - 1;
  const bound = diffusionBound({
    law,
    x,
    dimensions,
    reverse: (rows) => process.at(rows, labels),
    times,
    rows: process.batch,
    random: noiseOf(likelihood, "bound"),
  });
  let whole: DiffusionBound | undefined;
  for await (whole of bound) {
    if (signal.aborted) return undefined;
    onProgress(whole.done / whole.total);
  }
  return { ...tableOf(whole!, dimensions), ...exactOf(likelihood), nfe: times };
}

function exactOf({ samples }: Likelihood): Pick<DiffusionLikelihood, "exact"> {
  const { entropy, density } = samples;
  if (entropy !== undefined) return { exact: -entropy };
  return density?.form === "exact" ? { exact: BITS * meanLogDensity(samples, density, 0) } : {};
}

/** Some ranges of t, the entropies, and what they add up to, with standard errors over the samples. */
function tableOf({ divergences, end, start, prior, unlearned }: DiffusionBound, dimensions: number) {
  const stride = Math.ceil(divergences.length / shownRanges);
  const groups = Array.from({ length: Math.ceil(divergences.length / stride) }, (_, i) =>
    divergences.slice(i * stride, (i + 1) * stride),
  );
  const rows = [
    ...groups.reverse().map((group) => ({
      term: `-KL, t = ${group.at(-1)!.to}..${group[0]!.from}`,
      bits: negative(sumOf(group.map(({ bits }) => bits))),
    })),
    { term: "H_q(X_T | X_0)", bits: end },
    { term: "-H_q(X_1 | X_0)", bits: negative(start) },
    { term: "-H_p(X_T)", bits: negative(prior) },
  ];
  const total = sumOf(rows.map(({ bits }) => bits));
  return {
    terms: rows.map(({ term, bits }) => ({ term, bits: estimate(bits) })),
    total: estimate(total),
    bitsPerDim: estimate(total.map((bits) => -bits / dimensions)),
    aboveIndependent: estimate(sumOf([total, unlearned])),
  };
}

const negative = (values: Float64Array): Float64Array => values.map((value) => -value);

const sumOf = (all: readonly Float64Array[]): Float64Array =>
  all[0]!.map((_, i) => all.reduce((sum, values) => sum + values[i]!, 0));
