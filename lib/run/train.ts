// Training: a loop of steps, each a pure function of (seed, step, state), so that a resumed run equals an unbroken one.
import { chainsName, type Manifest, stateNames } from "../artifact/manifest.ts";
import { UserError } from "../errors.ts";
import { stream } from "../random.ts";
import { adamCorrections } from "../theory/adam.ts";
import { emaDecay } from "../theory/ema.ts";
import { learningRate } from "../theory/learning-rate.ts";
import { type BatchStep, openBatchStep, type StepAnswers } from "./batch-step.ts";
import { requireCarried } from "./carried.ts";
import type { TrainingState } from "./checkpoint-files.ts";
import { type EvaluationData, type LevelLoss, lossPerLevel } from "./evaluate.ts";
import { Field } from "./field.ts";
import { initialState } from "./initialize.ts";
import { Negatives } from "./negatives.ts";
import { everyStep, type Rhythm, SeldomReading } from "./reading-rhythm.ts";
import { type Artifact, type Graph, type Host, openGraph, type Tensors } from "./session.ts";
import { openResident, type ResidentTensors } from "./state.ts";
import { type DrawnLevels, type TrainingLevels, trainingLevels } from "./training-levels.ts";

/** One step's samples, [B,...shape], and their classes. They are copied before the next batch is asked for. */
export interface Batch {
  readonly x: Float32Array;
  readonly labels?: Int32Array | undefined;
}

export interface TrainerOptions extends Host {
  readonly artifact: Artifact;
  readonly seed: number;
  /** The batch of step number `step`, counted from 0; asked for while the step before it runs. */
  readonly batches: (step: number) => Promise<Batch>;
  /** Where to go on from; absent: from the manifest's initial weights. */
  readonly start?: Pick<TrainingState, "step" | "skipped" | "tensors"> | undefined;
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly emaDecay: number;
  /** Wall-clock time of this step, waiting for its data included; the mean of those that are reported at once. */
  readonly seconds: number;
  /** Steps so far that were not finite and changed nothing. */
  readonly skipped: number;
}

/** Several steps in a row were not finite; the state is that of the last good one. */
export class DivergedError extends UserError {
  override readonly name = "DivergedError";
}

/** So many non-finite steps in a row end the training. */
export const patience = 5;

/** A step that is done, or will be when the device comes to it. */
interface Taken {
  readonly step: number;
  readonly rates: { readonly learning_rate: number; readonly ema_decay: number };
  readonly answers: StepAnswers;
}

export class Trainer implements AsyncDisposable {
  private readonly options: TrainerOptions;
  private readonly tensors: ResidentTensors;
  private readonly batchStep: BatchStep;
  private readonly negatives: Negatives | undefined;
  private readonly levels: TrainingLevels;
  private readonly resources: AsyncDisposableStack;
  private evaluation: Promise<Graph> | undefined;
  private done: number;
  private lost: number;
  private lostInARow = 0;

  private constructor(
    options: TrainerOptions,
    tensors: ResidentTensors,
    batchStep: BatchStep,
    negatives: Negatives | undefined,
    levels: TrainingLevels,
    resources: AsyncDisposableStack,
  ) {
    const { start } = options;
    this.options = options;
    this.tensors = tensors;
    this.batchStep = batchStep;
    this.negatives = negatives;
    this.levels = levels;
    this.resources = resources;
    this.done = start?.step ?? 0;
    this.lost = start?.skipped ?? 0;
  }

  /** Loads the graphs of a step and puts the state on the device. Throws UserError for a graph that the device cannot run. */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { artifact, seed, start } = options;
    const { manifest } = artifact;
    await using resources = new AsyncDisposableStack();
    const tensors = resources.use(await openResident(options));
    const carried = start?.tensors ?? initialState(manifest, seed);
    requireCarried("trainer", manifest, carried);
    for (const name of stateNames(manifest))
      await tensors.set(name, [manifest.parameterCount], carried[name]!);
    const chains = carried[chainsName];
    const negatives = resources.use(await Negatives.open({ ...options, tensors, chains }));
    const levels = trainingLevels(manifest, carried);
    const batchStep = resources.use(await openBatchStep({ ...options, tensors, negatives }));
    return new Trainer(options, tensors, batchStep, negatives, levels, resources.move());
  }

  /** Steps done so far. */
  get step(): number {
    return this.done;
  }

  /**
   * Trains until `to` steps are done or `signal` is aborted, which is seen between steps. On a GPU reports come for some steps at once,
   * and it stands after the last of them. Throws DivergedError after `patience` non-finite steps in a row.
   */
  async *steps(to: number, signal?: AbortSignal): AsyncGenerator<StepReport, void> {
    let next = this.ask(this.done, to);
    const rhythm = this.options.device.resident === "gpu" ? new SeldomReading() : everyStep;
    while (this.done < to && !signal?.aborted) {
      const began = performance.now();
      const taken: Taken[] = [];
      do {
        const { x, labels: known } = await next!;
        const labels = known && this.hide(known);
        const rates = this.rates();
        const { first, random } = this;
        await this.batchStep.take({ first, x, labels, ...this.drawLevels(), schedule: rates, random });
        next = this.ask(this.done + 1, to);
        const answers = await this.batchStep.run();
        if (answers.losses) this.levels.record(answers.losses);
        taken.push({ step: ++this.done, rates, answers });
      } while (this.done < to && !signal?.aborted && !rhythm.reads(this.done, taken.length));
      yield* await this.reports(taken, began, rhythm);
      this.requireConvergence();
    }
  }

  /** Copies of all that a checkpoint holds; call it between steps. */
  async read(): Promise<TrainingState> {
    const { artifact, seed } = this.options;
    const tensors: Record<string, Float32Array> = {};
    for (const name of stateNames(artifact.manifest)) tensors[name] = await this.tensors.read(name);
    return {
      step: this.done,
      seed,
      skipped: this.lost,
      tensors: { ...tensors, ...this.negatives?.carried(), ...this.levels.carried() },
    };
  }

  /** A copy of one state vector, such as `ema` for samples during training. */
  readVector(name: string): Promise<Float32Array> {
    return this.tensors.read(name);
  }

  /**
   * The field of the averaged weights, which changes with them, for `count` points at once; use it between steps, and dispose of it
   * before the trainer.
   */
  field(count?: number): Promise<Field> {
    return Field.over({ ...this.options, count }, { tensors: this.tensors, weights: "ema" });
  }

  /** The mean loss at each noise level with the averaged weights, by the eval graph; call it between steps. */
  async evaluate(data: EvaluationData): Promise<LevelLoss[]> {
    const { ort, artifact, seed } = this.options;
    this.evaluation ??= openGraph(this.options, artifact, artifact.manifest.graphs.eval).then((graph) =>
      this.resources.use(graph),
    );
    const graph = await this.evaluation;
    const run = (feeds: Tensors) => this.tensors.run(graph, feeds, { params: "ema" });
    return lossPerLevel({ ort, manifest: artifact.manifest, entry: graph.entry, run, seed }, data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }

  /** Starts fetching a batch; a failure waits for whoever awaits the batch. */
  private ask(step: number, to: number): Promise<Batch> | undefined {
    if (step >= to) return undefined;
    const batch = this.options.batches(step);
    batch.catch(() => {});
    return batch;
  }

  /** The number of the step's first sample among all of the run. */
  private get first(): number {
    return this.done * this.options.artifact.manifest.batch;
  }

  private readonly random = (port: string, i: number) =>
    stream(this.options.seed, `train:${port}`, this.first + i);

  private drawLevels(): DrawnLevels {
    const { batch } = this.options.artifact.manifest;
    return this.levels.draw(Array.from({ length: batch }, (_, i) => this.random("sigma", i)));
  }

  /** The classes that the network is told: of some samples none, where it is to know samples without their class too. */
  private hide(labels: Int32Array): Int32Array {
    const { classes, unconditional = 0 } = this.options.artifact.manifest.data;
    if (unconditional === 0) return labels;
    return labels.map((label, i) =>
      this.random("unconditional", i).uniform() < unconditional ? classes : label,
    );
  }

  /** The step's scalars by input name; skipped steps do not count as updates of moments and averages, once they are read. */
  private rates() {
    const { optimizer, ema } = this.options.artifact.manifest;
    const { learningRate: peak, warmupSteps: warmup, decay, totalSteps: total } = optimizer;
    const updates = this.done - this.lost;
    return {
      learning_rate: learningRate(this.done, { peak, warmup, decay, total, floor: 0 }),
      ema_decay: emaDecay(updates, ema.decay),
      ...corrections(optimizer, updates + 1),
    };
  }

  /** Reads what steps answered, which waits for the device to have done them all. */
  private async reports(taken: readonly Taken[], began: number, rhythm: Rhythm): Promise<StepReport[]> {
    const read = [];
    for (const { answers, ...rest } of taken) read.push({ ...rest, ...(await this.metrics(answers)) });
    const seconds = (performance.now() - began) / 1000 / taken.length;
    rhythm.took(seconds);
    return read.map(({ step, rates, loss, gradientNorm }) => {
      const finite = Number.isFinite(loss) && Number.isFinite(gradientNorm);
      this.lost += finite ? 0 : 1;
      this.lostInARow = finite ? 0 : this.lostInARow + 1;
      const schedule = { learningRate: rates.learning_rate, emaDecay: rates.ema_decay };
      return { step, loss, gradientNorm, ...schedule, seconds, skipped: this.lost };
    });
  }

  private async metrics({ loss, gradientNorm }: StepAnswers) {
    let total = 0;
    for (const part of loss) total += await this.tensors.take(part);
    return { loss: total, gradientNorm: await this.tensors.take(gradientNorm) };
  }

  private requireConvergence(): void {
    if (this.lostInARow < patience) return;
    throw new DivergedError(
      `training diverged: loss or gradient not finite in ${patience} steps in a row, up to step ${this.done}; ` +
        `lower the learning rate (${this.options.artifact.manifest.optimizer.learningRate}) or check the data`,
    );
  }
}

function corrections(optimizer: Manifest["optimizer"], update: number): Record<string, number> {
  if (optimizer.kind !== "adamw") return {};
  const [beta1, beta2] = optimizer.betas;
  const { first, second } = adamCorrections({ beta1, beta2 }, update);
  return { first_correction: first, second_correction: second };
}
