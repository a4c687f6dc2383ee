// The likelihood of samples under a trained model, by its probability-flow ODE.
import { type RandomStream, stream } from "../../lib/random.ts";
import type { FieldOptions } from "../../lib/run/field.ts";
import { JacobianField } from "../../lib/run/likelihood.ts";
import { BIN_WIDTH, dequantised } from "../../lib/theory/dequantisation.ts";
import { type Estimate, estimate } from "../../lib/theory/estimate.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { bitsPerDimension, likelihoodRange, logLikelihoods } from "../../lib/theory/likelihood.ts";
import { type TraceName, traces } from "../../lib/theory/traces.ts";
import type { Samples } from "./likelihood-data.ts";

export interface Likelihood extends FieldOptions {
  readonly samples: Samples;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Told the part that is done, 0 to 1. */
  readonly onProgress: (done: number) => void;
}

export interface OdeLikelihood {
  readonly trace: TraceName;
  /** Between which noise levels; the data count as blurred by the first. */
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** log p in nats, of images as densities on [-1, 1]. */
  readonly nats: Estimate;
  /** -log p in bits per dimension, of images the probability of their 256 values. */
  readonly bitsPerDim: Estimate;
  /** Mean log p in nats under the true law of the data, blurred alike. */
  readonly exactNats?: number;
  /** Mean number of evaluations of the denoiser and its divergence for a sample. */
  readonly nfe: number;
}

interface OdeOptions {
  readonly trace: TraceName | undefined;
  readonly tolerance: number | undefined;
}

/** Of images the fifth digit would cost four times the evaluations and change .005 bits per dimension, as measured. */
const tolerances = { images: 1e-4, points: 1e-5 };

/** Beyond it the exact trace costs more than its noise is worth. */
const exactDimensions = 16;

/** A stream for each sample. */
export const noiseOf = ({ samples, seed }: Likelihood, purpose: string): RandomStream[] =>
  Array.from({ length: samples.count }, (_, i) => stream(seed, `likelihood:${purpose}`, i));

/** By the probability-flow ODE; undefined when interrupted. Throws UserError for a model without likelihood graph. */
export async function odeLikelihood(
  likelihood: Likelihood,
  options: OdeOptions,
): Promise<OdeLikelihood | undefined> {
  const { samples, artifact, signal, onProgress } = likelihood;
  const { count, dimensions, labels, kind, density } = samples;
  const tolerance = options.tolerance ?? tolerances[kind];
  const trace = options.trace ?? (dimensions <= exactDimensions ? "exact" : "hutchinson");
  const { schedule, sigmaData } = artifact.manifest.noise;
  const range = likelihoodRange(openScheduleOf(schedule));
  await using model = await JacobianField.open(likelihood);
  const x = kind === "images" ? continuous(likelihood) : samples.x;
  const random = noiseOf(likelihood, "trace");
  const logDensities = new Float64Array(count);
  const nfe = new Float64Array(count);
  const together = Math.max(1, Math.floor(model.batch / traces[trace].evaluations(dimensions)));
  for (let first = 0; first < count; first += together) {
    const end = Math.min(count, first + together);
    const own = labels?.subarray(first, end);
    const field = traces[trace].field({
      form: (rows, directions) => model.at(rows, directions, own),
      dimensions,
      random: random.slice(first, end),
    });
    const part = x.subarray(first * dimensions, end * dimensions);
    for await (const now of logLikelihoods({ field, x: part, dimensions, ...range, sigmaData, tolerance })) {
      if (signal.aborted) return undefined;
      onProgress((first + now.done * (end - first)) / count);
      logDensities.set(now.logDensities, first);
      nfe.set(now.nfe, first);
    }
  }
  const width = kind === "images" ? BIN_WIDTH : 1;
  return {
    trace,
    ...range,
    nats: estimate(logDensities),
    bitsPerDim: estimate(logDensities.map((each) => bitsPerDimension(each, dimensions, width))),
    ...(density && { exactNats: meanLogDensity(samples, density, range.sigmaMin) }),
    nfe: estimate(nfe).mean,
  };
}

/** The images with uniform noise in the bins of their values. */
function continuous(likelihood: Likelihood): Float32Array {
  const { x, dimensions } = likelihood.samples;
  const random = noiseOf(likelihood, "dequantise");
  return x.map((value, at) => dequantised(value, random[Math.floor(at / dimensions)]!));
}

/** Of the samples under their true law, blurred. */
export function meanLogDensity(
  { x, count, dimensions }: Samples,
  { mixture }: NonNullable<Samples["density"]>,
  sigma: number,
): number {
  const values = Float64Array.from({ length: count }, (_, i) =>
    mixture.logpdf(x.subarray(i * dimensions, (i + 1) * dimensions), sigma),
  );
  return estimate(values).mean;
}
