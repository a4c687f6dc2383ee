// Draws samples from an artifact and arranges them as pictures.
import { imageGrid } from "../../lib/images/grid.ts";
import type { Pixels } from "../../lib/images/pixels.ts";
import { sample } from "../../lib/run/sample.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import type { SamplerName } from "../../lib/theory/samplers/index.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import type { Sampler, SamplerOptions } from "../../lib/theory/samplers/sampler.ts";

export interface Drawing extends Host {
  readonly artifact: Artifact;
  readonly weights: Float32Array;
  readonly method: SamplerName;
  readonly sampler: SamplerOptions;
  readonly count: number;
  readonly seed: number;
  readonly labels: Int32Array | undefined;
  readonly signal?: AbortSignal;
  /** How many frames of the process to keep, evenly spread over its steps. */
  readonly frames?: number;
  readonly onStep?: (done: number, total: number, sigma: number) => void;
}

export interface Drawn {
  /** [count,C,H,W] in [-1,1]. */
  readonly images: Float32Array;
  /** The process, each frame like `images`, noise scaled to be visible. */
  readonly frames: readonly Float32Array[];
}

/** The sampler's own settings for a trained model. */
export function samplerDefaults({ noise, langevin }: Artifact["manifest"]): SamplerOptions {
  return { sigmas: noise.sigmas, ...langevin, steps: 1000, denoise: true };
}

/** Draws all samples; undefined when it was interrupted. */
export async function draw(drawing: Drawing): Promise<Drawn | undefined> {
  const { count, method, sampler: options, artifact, signal, onStep } = drawing;
  const sampler: Sampler = samplers[method];
  const size = artifact.manifest.data.shape.reduce((a, b) => a * b, 1);
  const images = new Float32Array(count * size);
  const nfe = sampler.nfe(options);
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
  return { images, frames };
}

/** At most `count` step numbers up to `total`, the last one included. */
function frameSteps(total: number, count: number): number[] {
  const wanted = Math.min(count, total);
  return Array.from({ length: wanted }, (_, i) => Math.round(((i + 1) * total) / wanted));
}

/** One class after another, so that a grid with one column per class is sorted; nothing for a model without classes. */
export function everyClass({ data }: Artifact["manifest"], count: number): Int32Array | undefined {
  return data.classes > 0 ? Int32Array.from({ length: count }, (_, i) => i % data.classes) : undefined;
}

/** Images [count,C,H,W] as one picture, a column per class when every class is drawn. */
export function sheet(
  images: Float32Array,
  { data }: Artifact["manifest"],
  columns = data.classes > 0 ? data.classes : undefined,
  scale = 2,
): Pixels {
  const size = data.shape.reduce((a, b) => a * b, 1);
  const count = images.length / size;
  const shape = [count, ...data.shape] as const;
  return imageGrid(images, shape, {
    scale,
    columns: Math.min(count, columns ?? Math.ceil(Math.sqrt(count))),
  });
}
