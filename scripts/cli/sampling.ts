// Draws samples from an artifact and arranges them as pictures.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { UsageError } from "../../lib/errors.ts";
import { imageGrid } from "../../lib/images/grid.ts";
import type { Pixels } from "../../lib/images/pixels.ts";
import { sample } from "../../lib/run/sample.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import type { SamplerName } from "../../lib/theory/samplers/index.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import type { Sampler, SamplerOptions } from "../../lib/theory/samplers/sampler.ts";

/** What to draw and how. */
export interface SamplingPlan {
  readonly method: SamplerName;
  readonly sampler: SamplerOptions;
  /** Evaluations of the network for each image. */
  readonly nfe: number;
  readonly count: number;
  readonly labels: Int32Array | undefined;
}

interface SamplingChoice {
  readonly method: SamplerName;
  readonly count?: number | undefined;
  readonly class?: number | undefined;
  readonly steps?: number | undefined;
  readonly stepSize?: number | undefined;
  readonly raw?: boolean;
}

/** Fills in the model's own settings where the choice is silent. Throws UsageError for a class that the model lacks or a step that diverges. */
export function samplingPlan(choice: SamplingChoice, manifest: Artifact["manifest"]): SamplingPlan {
  const { noise, langevin, data } = manifest;
  const sampler: Sampler = samplers[choice.method];
  const own = { sigmas: noise.sigmas, ...langevin, steps: 1000, denoise: !choice.raw };
  const fitted = choice.steps === undefined ? own : sampler.fitBudget(own, choice.steps);
  const options = { ...fitted, stepSize: choice.stepSize ?? fitted.stepSize };
  const sorted = 6 * (choice.class === undefined ? classColumns(manifest) : 0);
  const count = choice.count ?? (sorted || 64);
  requireStable(choice.stepSize, manifest);
  const labels = labelsFor(choice.class, count, data.classes);
  return { method: choice.method, sampler: options, nfe: sampler.nfe(options), count, labels };
}

/** In the units of the option: at the levels above the smallest, a sampler's steps are larger. */
function requireStable(stepSize: number | undefined, { noise }: Artifact["manifest"]): void {
  const limit = 2 * noise.sigmas.at(-1)! ** 2;
  if (stepSize !== undefined && stepSize >= limit)
    throw new UsageError(
      `--step-size: expected a number below ${limit.toPrecision(3)}, where Langevin steps diverge, got ${stepSize}`,
    );
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
  /** [count,C,H,W] in [-1,1]. */
  readonly images: Float32Array;
  /** The process, each frame like `images`, noise scaled to be visible. */
  readonly frames: readonly Float32Array[];
}

/** Draws all samples; undefined when it was interrupted. */
export async function draw(drawing: Drawing): Promise<Drawn | undefined> {
  const { count, method, sampler: options, nfe, artifact, signal, onStep } = drawing;
  const sampler: Sampler = samplers[method];
  const size = sizeOf(artifact.manifest.data.shape);
  const images = new Float32Array(count * size);
  const shown = frameSteps(nfe, drawing.frames ?? 0);
  const frames = shown.map(() => new Float32Array(count * size));
  const steps = sampler.steps(options);
  for await (const now of sample({ ...drawing, steps, initialSigma: sampler.initialSigma(options) })) {
    if (signal?.aborted) return undefined;
    onStep?.(now.chunk * now.steps + now.step, now.chunks * now.steps, now.sigma);
    const frame = frames[shown.indexOf(now.step)];
    const last = now.step === now.steps;
    if (!frame && !last) continue;
    const x = await now.x();
    if (last) images.set(x, now.first * size);
    const scale = last ? 1 : 1 / Math.max(1, now.sigma);
    frame?.set(
      x.map((value) => value * scale),
      now.first * size,
    );
  }
  return { count, images, frames };
}

/** At most `count` step numbers up to `total`, the last one included. */
function frameSteps(total: number, count: number): number[] {
  const wanted = Math.min(count, total);
  return Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * total) / wanted));
}

/** A sheet has a column for each class, unless there are none or too many; then 0. */
const classColumns = ({ data }: Artifact["manifest"]) => (data.classes <= 20 ? data.classes : 0);

/** Images [count,C,H,W] as one picture, a column per class when every class is drawn. */
export function sheet(
  images: Float32Array,
  manifest: Artifact["manifest"],
  columns = classColumns(manifest),
  scale = 2,
): Pixels {
  const { data } = manifest;
  const size = sizeOf(data.shape);
  const count = images.length / size;
  const shape = [count, ...data.shape] as const;
  return imageGrid(images, shape, {
    scale,
    columns: Math.min(count, columns || Math.ceil(Math.sqrt(count))),
  });
}
