// Fits a model in memory: for commands that train several and compare them.

import { batchSource } from "../../lib/data/batches.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import { Trainer } from "../../lib/run/train.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import { authorFor, type ModelChoice } from "./prepare.ts";
import { progress } from "./progress.ts";

export interface Fit {
  readonly artifact: Artifact;
  /** The averaged weights. */
  readonly weights: Float32Array;
  readonly losses: Float32Array;
  readonly seconds: number;
}

export interface FitOptions extends Host {
  readonly title: string;
  readonly choice: ModelChoice;
  readonly dataset: Dataset;
  readonly suggestion: Suggestion;
  readonly signal: AbortSignal;
}

/** Trains the chosen model to its last step; undefined when interrupted. */
export async function fit(options: FitOptions): Promise<Fit | undefined> {
  const { title, choice, dataset, suggestion, signal } = options;
  const { manifest, files } = authorFor(choice, dataset, suggestion);
  const artifact: Artifact = { manifest, where: title, read: async (file) => files.get(file)! };
  const batches = batchSource(dataset, choice.seed, manifest.batch);
  await using trainer = await Trainer.create({ ...options, artifact, seed: choice.seed, batches });
  const total = manifest.optimizer.totalSteps;
  const losses = new Float32Array(total);
  const began = performance.now();
  using bar = progress(title, "steps", total);
  for await (const { step, loss } of trainer.steps(total, signal)) {
    losses[step - 1] = loss;
    bar.update(step, `loss ${loss.toFixed(4)}`);
  }
  const seconds = (performance.now() - began) / 1000;
  return signal.aborted ? undefined : { artifact, weights: await trainer.readVector("ema"), losses, seconds };
}
