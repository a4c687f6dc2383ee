// A training run in the page: its state, the trainer that moves it on, and the zip of its folder.
import { zipSync } from "fflate";
import { graphFiles, manifestFile } from "../../../lib/artifact/graph-files.ts";
import { joined } from "../../../lib/artifact/joined.ts";
import { batchSource } from "../../../lib/data/batches.ts";
import { openBuiltin } from "../../../lib/data/builtins.ts";
import type { Dataset } from "../../../lib/data/dataset.ts";
import { UserError } from "../../../lib/errors.ts";
import {
  checkpointName,
  checkpointsFolder,
  keepCheckpoint,
  type TrainingState,
} from "../../../lib/run/checkpoint-files.ts";
import { jsonPieces, sha256, textPieces } from "../../../lib/run/contents.ts";
import { initialState } from "../../../lib/run/initialize.ts";
import { metricsFile, metricsLine } from "../../../lib/run/metrics-lines.ts";
import type { Artifact, Host } from "../../../lib/run/session.ts";
import { type StepReport, Trainer } from "../../../lib/run/train.ts";

interface RunOptions {
  readonly artifact: Artifact;
  readonly seed: number;
  /** What it learns from; unless given, the built-in data that the manifest names. */
  readonly dataset?: Dataset | undefined;
  /** Where it stands; at fresh weights unless given. */
  readonly state?: TrainingState | undefined;
  /** Its metrics so far. */
  readonly metrics?: string;
}

export class Run implements AsyncDisposable {
  private current: Artifact;
  private readonly seed: number;
  private readonly dataset: Dataset | undefined;
  private readonly metrics: string[];
  private state: TrainingState;
  private trainer: Trainer | undefined;

  constructor({ artifact, seed, dataset, state, metrics = "" }: RunOptions) {
    const { manifest } = artifact;
    this.current = artifact;
    this.seed = seed;
    this.dataset = dataset ?? openBuiltin(manifest.data.source, seed);
    this.state = state ?? { step: 0, seed, skipped: 0, tensors: initialState(manifest, seed) };
    this.metrics = [metrics];
  }

  get artifact(): Artifact {
    return this.current;
  }

  /** The steps that it is planned for. */
  get totalSteps(): number {
    return this.current.manifest.optimizer.totalSteps;
  }

  get step(): number {
    return this.trainer?.step ?? this.state.step;
  }

  /** The trainer, which holds the state from then on; undefined before the first training. */
  get training(): Trainer | undefined {
    return this.trainer;
  }

  /** The averaged weights where it stands. */
  get weights(): Float32Array {
    return this.state.tensors.ema!;
  }

  /** Makes ready to train up to step `to`. Throws UserError where its data are not at hand. */
  async prepare(host: Host, to: number): Promise<Trainer> {
    const { totalSteps } = this.current.manifest.optimizer;
    if (to > totalSteps) await this.extend(to);
    this.trainer ??= await Trainer.create({
      ...host,
      artifact: this.current,
      seed: this.seed,
      batches: batchSource(this.data(), this.seed, this.current.manifest.batch),
      start: this.state,
    });
    return this.trainer;
  }

  /** Notes a step for the run's metrics. */
  note(report: StepReport): void {
    this.metrics.push(metricsLine(report));
  }

  /** The run's folder with a checkpoint of where it stands, as a zip. */
  async zip(): Promise<Uint8Array> {
    const { manifest, read } = this.current;
    const state = (await this.trainer?.read()) ?? this.state;
    const files: Record<string, Uint8Array> = {};
    const place = `${checkpointsFolder}/${checkpointName(state.step)}`;
    await keepCheckpoint(manifest, state, async (name, pieces) => {
      const bytes = joined(pieces);
      files[`${place}/${name}`] = bytes;
      return sha256(bytes);
    });
    for (const file of graphFiles(manifest)) files[file] = await read(file);
    files[metricsFile] = textPieces(this.metrics.join(""))[0]!;
    files[manifestFile] = jsonPieces(manifest)[0]!;
    // Weights are as good as random and do not get smaller.
    return zipSync(files, { level: 0 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.trainer?.[Symbol.asyncDispose]();
  }

  private data(): Dataset {
    const { data } = this.current.manifest;
    if (this.dataset === undefined)
      throw new UserError(
        `this run learns from "${data.source}", which the page does not have; go on with \`bun scripts/train.ts --resume --data <folder>\``,
      );
    return this.dataset;
  }

  /** More steps than were planned, as `bun scripts/train.ts --resume --steps` does. */
  private async extend(totalSteps: number): Promise<void> {
    const { manifest } = this.current;
    this.state = (await this.trainer?.read()) ?? this.state;
    await this.trainer?.[Symbol.asyncDispose]();
    this.trainer = undefined;
    const optimizer = { ...manifest.optimizer, totalSteps };
    this.current = { ...this.current, manifest: { ...manifest, optimizer } };
  }
}
