// Evaluation: the training loss at chosen noise levels, on given images and with the same noise each time.
import type { GraphEntry, Manifest } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import { stream } from "../random.ts";
import type { Runtime } from "./device.ts";
import { Feeds } from "./feeds.ts";
import type { Tensors } from "./session.ts";

export interface EvaluationData {
  /** [N,C,H,W] in [-1,1], for any N. */
  readonly images: Float32Array;
  readonly labels?: Int32Array | undefined;
  /** The noise levels; the manifest's ladder when absent. */
  readonly sigmas?: readonly number[];
}

export interface LevelLoss {
  readonly sigma: number;
  readonly loss: number;
}

interface Evaluation {
  readonly ort: Runtime;
  readonly manifest: Manifest;
  readonly entry: GraphEntry;
  readonly seed: number;
  /** Runs the eval graph with the weights in question. */
  readonly run: (feeds: Tensors) => Promise<Tensors>;
}

/** The mean loss of the images at each level; image i gets the same noise at every level. Throws UserError without images. */
export async function lossPerLevel(evaluation: Evaluation, data: EvaluationData): Promise<LevelLoss[]> {
  const { ort, manifest, entry } = evaluation;
  const feeds = new Feeds(ort, manifest, entry);
  const levels: LevelLoss[] = [];
  for (const sigma of data.sigmas ?? manifest.noise.sigmas)
    levels.push({ sigma, loss: await meanLoss(evaluation, feeds, data, sigma) });
  return levels;
}

async function meanLoss(
  { manifest, seed, run }: Evaluation,
  feeds: Feeds,
  { images, labels }: EvaluationData,
  sigma: number,
): Promise<number> {
  const size = sizeOf(manifest.data.shape);
  const count = images.length / size;
  if (!(Number.isInteger(count) && count > 0))
    throw new UserError(
      `evaluate: expected whole images of [${manifest.data.shape}], got ${images.length} numbers`,
    );
  const { batch } = manifest;
  const sigmas = new Float64Array(batch).fill(sigma);
  let total = 0;
  for (let first = 0; first < count; first += batch) {
    const used = Math.min(batch, count - first);
    const outputs = await run(
      feeds.fill({
        images: images.subarray(first * size, (first + used) * size),
        labels: labels?.subarray(first, first + used),
        sigmas,
        schedule: {},
        random: (port, i) => (i < used ? stream(seed, `eval:${port}`, first + i) : undefined),
      }),
    );
    const losses = outputs.loss?.data as Float32Array;
    for (let i = 0; i < used; i++) total += losses[i]!;
  }
  return total / count;
}
