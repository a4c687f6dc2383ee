// Evaluation: the training loss at chosen noise levels, on given samples and with the same noise each time.
import { type GraphEntry, type Manifest, samplesAtOnce } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import { stream } from "../random.ts";
import type { Runtime } from "./device.ts";
import { Feeds } from "./feeds.ts";
import type { Tensors } from "./session.ts";

export interface EvaluationData {
  /** [N,...shape], for any N. */
  readonly x: Float32Array;
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

/**
 * The mean loss of the samples at each level; sample i gets the same noise at every level. Throws UserError without samples,
 * and for objectives that compare them with samples of the model, whose loss says nothing of how good it is.
 */
export async function lossPerLevel(evaluation: Evaluation, data: EvaluationData): Promise<LevelLoss[]> {
  const { ort, manifest, entry } = evaluation;
  if (entry.inputs.some(({ feed }) => feed === "negative"))
    throw new UserError(
      `evaluate: objective "${manifest.objective}" has no loss without samples of the model`,
    );
  const feeds = new Feeds(ort, manifest, entry);
  const levels: LevelLoss[] = [];
  for (const sigma of data.sigmas ?? manifest.noise.sigmas)
    levels.push({ sigma, loss: await meanLoss(evaluation, feeds, data, sigma) });
  return levels;
}

async function meanLoss(
  { manifest, seed, run }: Evaluation,
  feeds: Feeds,
  { x, labels }: EvaluationData,
  sigma: number,
): Promise<number> {
  const size = sizeOf(manifest.data.shape);
  const count = x.length / size;
  if (!(Number.isInteger(count) && count > 0))
    throw new UserError(
      `evaluate: expected whole samples of [${manifest.data.shape}], got ${x.length} numbers`,
    );
  const batch = samplesAtOnce(manifest);
  const sigmas = new Float64Array(batch).fill(sigma);
  let total = 0;
  for (let first = 0; first < count; first += batch) {
    const used = Math.min(batch, count - first);
    const outputs = await run(
      feeds.fill({
        x: x.subarray(first * size, (first + used) * size),
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
