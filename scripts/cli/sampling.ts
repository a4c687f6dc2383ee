// Plans a drawing from what is asked for and what the model is, and keeps what is shown of it.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { UsageError, UserError } from "../../lib/errors.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { type SigmaGridName, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import type { ClippingName } from "../../lib/theory/solvers/clipping.ts";
import {
  type Grid,
  type Method,
  type MethodName,
  type MethodOptions,
  methods,
  type Request,
} from "./methods.ts";
import { type Frame, samplePictures } from "./sample-pictures.ts";

type Manifest = Artifact["manifest"];

/** What to draw and how. */
export interface SamplingPlan {
  readonly method: MethodName;
  readonly options: MethodOptions;
  /** Evaluations of the network for each sample, undefined where the data decide. */
  readonly nfe: number | undefined;
  readonly count: number;
  readonly labels: Int32Array | undefined;
}

/** The method for models that learned from chains of their own, that know many noise levels, or that know one. */
export function defaultMethod({ negatives, noise: { sigmas, training } }: Manifest): MethodName {
  if (negatives) return "chains";
  if (sigmas.length === 1) return "langevin";
  return training.kind === "ladder" ? "annealed-langevin" : defaultOf[training.kind];
}

/** What the models' own papers sample with. */
const defaultOf = { schedule: "ancestral", "log-normal": "heun" } as const;

export interface SamplingChoice {
  readonly method: MethodName;
  readonly count?: number | undefined;
  readonly class?: number | undefined;
  readonly steps?: number | undefined;
  readonly stepSize?: number | undefined;
  readonly raw?: boolean;
  readonly grid?: SigmaGridName | undefined;
  readonly eta?: number | undefined;
  readonly variance?: MethodOptions["variance"];
  readonly churn?: number | undefined;
  readonly tolerance?: number | undefined;
  readonly snr?: number | undefined;
  readonly clip?: ClippingName | undefined;
}

/** Fills in the model's own settings where the choice is silent. Throws UserError for a choice that model or method cannot follow. */
export function samplingPlan(choice: SamplingChoice, manifest: Manifest): SamplingPlan {
  const method: Method = methods[choice.method];
  const own = ownOptions(choice, manifest);
  const grid = gridFor(choice, manifest);
  const gridded = choice.grid && grid ? { ...own, sigmas: grid(own.sigmas.length) } : own;
  const options = choice.steps === undefined ? gridded : method.fit(own, choice.steps, grid);
  checkOptions(method, options);
  const pictures = samplePictures(manifest, choice.class === undefined ? undefined : 0);
  const count = choice.count ?? pictures.count;
  const labels = labelsFor(choice.class, count, manifest.data.classes);
  return { method: choice.method, options, nfe: method.nfe(options), count, labels };
}

function ownOptions(choice: SamplingChoice, manifest: Manifest): MethodOptions {
  const { noise, langevin, negatives, data } = manifest;
  const { sigmas, sigmaData } = noise;
  const { tolerance } = choice;
  return {
    sigmas,
    sigmaData,
    ...langevin,
    stepSize: choice.stepSize ?? langevin.stepSize,
    stepChosen: choice.stepSize !== undefined,
    // Chains of the training's own have gone some times as far by its end.
    steps: choice.method === "chains" && negatives ? 10 * negatives.steps : 1000,
    denoise: !choice.raw,
    schedule: openScheduleOf(noise.schedule),
    eta: choice.eta,
    variance: choice.variance,
    churn: choice.churn === undefined ? undefined : { ...everywhere, amount: choice.churn },
    ...(tolerance !== undefined && { relativeTolerance: tolerance, absoluteTolerance: tolerance }),
    snr: choice.snr,
    // In few dimensions norms of single samples make the corrector's steps depend on where it is.
    corrector: data.shape.length === 1 ? "annealed" : "langevin",
    clip: choice.clip ?? defaultClipping(manifest),
  };
}

/** An error of predicted noise is sigma times as large in the image, so DDPM's authors clip what they predict. */
const defaultClipping = ({ noise, data }: Manifest): ClippingName =>
  noise.preconditioning === "eps" && data.shape.length === 3 ? "static" : "none";

/** EDM's noise at every level (Karras et al. 2022, Table 5: S_noise). */
const everywhere = { from: 0, to: Number.POSITIVE_INFINITY, noise: 1.003 };

/** Levels for any number of steps: on the grid that is asked for, or where training knew every level on its own. */
function gridFor({ grid }: SamplingChoice, { noise }: Manifest): Grid | undefined {
  const name = grid ?? ownGrid[noise.training.kind];
  if (name === undefined) return undefined;
  const [sigmaMax, sigmaMin] = [noise.sigmas[0]!, noise.sigmas.at(-1)!];
  const schedule = openScheduleOf(noise.schedule);
  return (steps) => sigmaGrids[name]({ steps, sigmaMax, sigmaMin, schedule });
}

const ownGrid = { ladder: undefined, schedule: "native", "log-normal": "karras" } as const;

/** A method refuses what it cannot do at its first step: better before the graphs are opened. */
function checkOptions(method: Method, options: MethodOptions): void {
  try {
    method.check(options);
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

export interface Drawing extends Request {
  readonly method: MethodName;
  readonly signal?: AbortSignal;
  /** How many frames of the process to keep, evenly spread over its steps. */
  readonly frames?: number;
  readonly onStep?: (done: number | undefined, sigma: number) => void;
}

export interface Drawn {
  readonly count: number;
  /** [count,...shape]. */
  readonly samples: Float32Array;
  /** The process, each frame like `samples`. */
  readonly frames: readonly Frame[];
  /** Evaluations of each sample, where the data decided. */
  readonly nfe: number | undefined;
}

/** Draws all samples; undefined when it was interrupted. Throws UserError when the steps diverged. */
export async function draw(drawing: Drawing): Promise<Drawn | undefined> {
  const { count, method, artifact, signal, onStep, frames = 0 } = drawing;
  const recording = new Recording(count, sizeOf(artifact.manifest.data.shape), frames);
  for await (const now of methods[method].run(drawing)) {
    if (signal?.aborted) return undefined;
    onStep?.(now.done, now.sigma);
    if (recording.wants(now)) recording.add(now, await now.x());
  }
  recording.finish();
  return recording;
}

type Place = Readonly<Record<"step" | "first" | "sigma", number>> & {
  readonly steps: number | undefined;
  readonly nfe?: number;
};

/** Keeps what is shown of a process: its end, and some frames on the way. */
class Recording implements Drawn {
  readonly count: number;
  readonly samples: Float32Array;
  frames: { readonly x: Float32Array; sigma: number }[] = [];
  nfe: number | undefined;
  private readonly size: number;
  private readonly wanted: number;

  constructor(count: number, size: number, frames: number) {
    this.count = count;
    this.size = size;
    this.wanted = frames;
    this.samples = new Float32Array(count * size);
  }

  wants(now: Place): boolean {
    return now.steps === undefined || now.step === now.steps || this.frameOf(now) >= 0;
  }

  add(now: Place, x: Float32Array): void {
    this.nfe = now.nfe;
    if (now.steps === undefined || now.step === now.steps) this.samples.set(x, now.first * this.size);
    const at = this.frameOf(now);
    if (at < 0) return;
    const sigma = now.step === now.steps ? 0 : now.sigma;
    this.frames[at] ??= { x: new Float32Array(this.samples.length), sigma };
    this.frames[at].x.set(x, now.first * this.size);
  }

  /** Where the number of steps was not known, all frames were kept: now as many as are wanted. */
  finish(): void {
    if (!this.samples.every(Number.isFinite))
      throw new UserError(
        "sample: the steps diverged, some samples are not finite; take a smaller --step-size",
      );
    if (this.frames.length > this.wanted)
      this.frames = frameSteps(this.frames.length, this.wanted).map((step) => this.frames[step - 1]!);
  }

  /** The number of the frame that a step is, -1 for none. */
  private frameOf({ step, steps }: Place): number {
    if (this.wanted === 0) return -1;
    return steps === undefined ? step - 1 : frameSteps(steps, this.wanted).indexOf(step);
  }
}

/** At most `count` step numbers up to `total`, the last one included. */
function frameSteps(total: number, count: number): number[] {
  const wanted = Math.min(count, total);
  return Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * total) / wanted));
}
