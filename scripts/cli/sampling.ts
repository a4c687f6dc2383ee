// Draws samples from an artifact.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { UsageError, UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { Field } from "../../lib/run/field.ts";
import { sample } from "../../lib/run/sample.ts";
import { sampleChains } from "../../lib/run/sample-chains.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import { mala } from "../../lib/theory/samplers/mala.ts";
import type { Sampler, SamplerOptions } from "../../lib/theory/samplers/sampler.ts";
import { type Frame, samplePictures } from "./sample-pictures.ts";

const exactly = (options: SamplerOptions, steps: number) => ({ ...options, steps });

/** Where each method's steps come from; Langevin's are proposals to the Metropolis-adjusted algorithm. */
const proposers = {
  ...samplers,
  mala: {
    ...samplers.langevin,
    summary: "Langevin steps that are accepted or refused, so that none biases: for energy-based models",
    source: "Besag 1994; Roberts & Tweedie 1996",
    *steps(options: SamplerOptions) {
      yield* samplers.langevin.steps({ ...options, denoise: false });
    },
    nfe: ({ steps }: SamplerOptions) => steps,
    fitBudget: exactly,
  },
  chains: {
    ...samplers.langevin,
    summary: "the chains that the model was trained with: for energies trained by contrastive divergence",
    source: "Du & Mordatch 2019",
    nfe: ({ steps }: SamplerOptions) => steps,
    fitBudget: exactly,
  },
};

export type MethodName = keyof typeof proposers;
/** The methods by name: one line each, and where they come from. */
export const methods: Readonly<Record<MethodName, Pick<Sampler, "summary" | "source">>> = proposers;

/** What to draw and how. */
export interface SamplingPlan {
  readonly method: MethodName;
  readonly sampler: SamplerOptions;
  /** Evaluations of the network for each image. */
  readonly nfe: number;
  readonly count: number;
  readonly labels: Int32Array | undefined;
}

/** The method for models that learned from chains of their own, that know many noise levels, or that know one. */
export function defaultMethod({ negatives, noise: { sigmas } }: Artifact["manifest"]): MethodName {
  if (negatives) return "chains";
  return sigmas.length > 1 ? "annealed-langevin" : "langevin";
}

interface SamplingChoice {
  readonly method: MethodName;
  readonly count?: number | undefined;
  readonly class?: number | undefined;
  readonly steps?: number | undefined;
  readonly stepSize?: number | undefined;
  readonly raw?: boolean;
}

/** Fills in the model's own settings where the choice is silent. Throws UsageError for a class that the model lacks or a step that the method refuses. */
export function samplingPlan(choice: SamplingChoice, manifest: Artifact["manifest"]): SamplingPlan {
  const { noise, langevin, data, negatives } = manifest;
  const sampler: Sampler = proposers[choice.method];
  const { sigmas, sigmaData } = noise;
  // Chains of the training's own have gone some times as far by its end.
  const steps = choice.method === "chains" && negatives ? 10 * negatives.steps : 1000;
  const own = { sigmas, sigmaData, ...langevin, steps, denoise: !choice.raw };
  const stepChosen = choice.stepSize !== undefined;
  const asked = { ...own, stepSize: choice.stepSize ?? own.stepSize, stepChosen };
  const options = choice.steps === undefined ? asked : sampler.fitBudget(asked, choice.steps);
  const pictures = samplePictures(manifest, choice.class === undefined ? undefined : 0);
  const count = choice.count ?? pictures.count;
  requireSteps(sampler, options);
  const labels = labelsFor(choice.class, count, data.classes);
  return { method: choice.method, sampler: options, nfe: sampler.nfe(options), count, labels };
}

/** A sampler refuses a step size at its first step: better before the graphs are opened. */
function requireSteps(sampler: Sampler, options: SamplerOptions): void {
  try {
    sampler.steps(options).next();
  } catch (error) {
    if (!(options.stepChosen && error instanceof UserError)) throw error;
    throw new UsageError(`--step-size ${options.stepSize}: ${error.message}`);
  }
}

/** One class, or one after another, so that a grid with a column per class is sorted; nothing without classes. */
function labelsFor(chosen: number | undefined, count: number, classes: number): Int32Array | undefined {
  if (chosen !== undefined && chosen >= classes)
    throw new UsageError(
      `--class: ${classes > 0 ? `expected 0 to ${classes - 1}` : "this model has no classes"}, got ${chosen}`,
    );
  return classes > 0 ? Int32Array.from({ length: count }, (_, i) => chosen ?? i % classes) : undefined;
}

export interface Drawing extends Host, SamplingPlan {
  readonly artifact: Artifact;
  readonly weights: Float32Array;
  readonly seed: number;
  /** The most images at once. */
  readonly batch?: number | undefined;
  readonly signal?: AbortSignal;
  /** How many frames of the process to keep, evenly spread over its steps. */
  readonly frames?: number;
  readonly onStep?: (done: number, total: number, sigma: number) => void;
}

export interface Drawn {
  readonly count: number;
  /** [count,...shape]. */
  readonly samples: Float32Array;
  /** The process, each frame like `samples`. */
  readonly frames: readonly Frame[];
}

/** Draws all samples; undefined when it was interrupted. */
export async function draw(drawing: Drawing): Promise<Drawn | undefined> {
  const drawn = await (drawing.method === "mala" ? drawMala(drawing) : drawSteps(drawing));
  if (drawn) requireFinite(drawn.samples);
  return drawn;
}

async function drawSteps(drawing: Drawing): Promise<Drawn | undefined> {
  const { count, method, sampler: options, artifact, signal, onStep } = drawing;
  const sampler: Sampler = proposers[method];
  const recording = new Recording(count, sizeOf(artifact.manifest.data.shape), drawing.frames);
  const process =
    method === "chains"
      ? sampleChains({ ...drawing, steps: options.steps })
      : sample({ ...drawing, steps: sampler.steps(options), initialSigma: sampler.initialSigma(options) });
  for await (const now of process) {
    if (signal?.aborted) return undefined;
    onStep?.(now.chunk * now.steps + now.step, now.chunks * now.steps, now.sigma);
    if (recording.wants(now)) recording.add(now, await now.x());
  }
  return recording;
}

/** The Metropolis-adjusted chains, all at once. Throws UserError for a model without energy. */
async function drawMala(drawing: Drawing): Promise<Drawn | undefined> {
  const { count, artifact, seed, signal, onStep, sampler: options } = drawing;
  const { manifest } = artifact;
  const sigma = manifest.noise.sigmas.at(-1)!;
  const size = sizeOf(manifest.data.shape);
  await using field = await Field.open(drawing);
  if (!field.hasEnergy)
    throw new UserError("mala: needs log p, so an energy-based model, such as --preset density-energy");
  const target = async (x: Float64Array) => {
    const { score, energy } = await field.at(Float32Array.from(x), sigma);
    return { logp: energy!.map((each) => -each), score };
  };
  const x = new Float32Array(count * size);
  for (let i = 0; i < count; i++) stream(seed, "sample", i).fillNormal(x, i * size, (i + 1) * size);
  const wide = x.map((value) => value * samplers.langevin.initialSigma(options));
  const recording = new Recording(count, size, drawing.frames);
  for await (const now of mala({ ...options, target, x: wide, dimensions: size, seed })) {
    if (signal?.aborted) return undefined;
    onStep?.(now.step, now.steps, sigma);
    if (recording.wants(now)) recording.add({ ...now, sigma, first: 0 }, Float32Array.from(now.x));
  }
  return recording;
}

/** Keeps what is shown of a process: its end, and some frames on the way. */
class Recording implements Drawn {
  readonly count: number;
  readonly samples: Float32Array;
  readonly frames: { readonly x: Float32Array; sigma: number }[] = [];
  private readonly size: number;
  private readonly wanted: number;

  constructor(count: number, size: number, frames = 0) {
    this.count = count;
    this.size = size;
    this.wanted = frames;
    this.samples = new Float32Array(count * size);
  }

  wants({ step, steps }: Place): boolean {
    return step === steps || frameSteps(steps, this.wanted).includes(step);
  }

  add({ step, steps, sigma, first }: Place & { sigma: number; first: number }, x: Float32Array): void {
    if (step === steps) this.samples.set(x, first * this.size);
    const at = frameSteps(steps, this.wanted).indexOf(step);
    if (at < 0) return;
    this.frames[at] ??= { x: new Float32Array(this.samples.length), sigma: step === steps ? 0 : sigma };
    this.frames[at].x.set(x, first * this.size);
  }
}

type Place = Readonly<Record<"step" | "steps", number>>;

function requireFinite(samples: Float32Array): void {
  if (!samples.every(Number.isFinite))
    throw new UserError(
      "sample: the steps diverged, some samples are not finite; take a smaller --step-size",
    );
}

/** At most `count` step numbers up to `total`, the last one included. */
function frameSteps(total: number, count: number): number[] {
  const wanted = Math.min(count, total);
  return Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * total) / wanted));
}
