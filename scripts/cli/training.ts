// The training run: data, steps, metrics, checkpoints and sample sheets, until done or interrupted.

import { join } from "node:path";
import { batchSource } from "../../lib/data/batches.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import { loadNewestCheckpoint, saveCheckpoint } from "../../lib/run/checkpoint.ts";
import type { DeviceName } from "../../lib/run/device.ts";
import { writeModelFolder } from "../../lib/run/folder.ts";
import { truncateMetrics } from "../../lib/run/metrics.ts";
import { metricsFile } from "../../lib/run/metrics-lines.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import { DivergedError, type StepReport, Trainer } from "../../lib/run/train.ts";
import { requireBits } from "../recipes/binary-data.ts";
import { defaultMethod, samplingPlan } from "../recipes/sampling-plan.ts";
import { openData, openingOf } from "./data.ts";
import { lower, openHost } from "./host.ts";
import { interrupt } from "./interrupt.ts";
import { type ModelChoice, runArtifact, withSteps } from "./prepare.ts";
import { progress, tell } from "./progress.ts";
import { report } from "./report.ts";
import { appendLine, claimRun } from "./run-folder.ts";
import { samplePictures } from "./sample-pictures.ts";
import { draw } from "./sampling.ts";

export interface TrainingChoice extends ModelChoice {
  readonly out: string | undefined;
  readonly resume: boolean;
  readonly saveEvery: number | undefined;
  readonly previewEvery: number | undefined;
  readonly plot: boolean;
  readonly device: DeviceName;
  readonly json: boolean;
}

/** Trains as chosen; answers 130 when interrupted, after saving. */
export async function train(choice: TrainingChoice): Promise<number | undefined> {
  const host = await openHost(choice.device);
  const opened = await runArtifact(choice, host.device);
  const { where } = opened;
  await using _claim = await claimRun(where);
  const start = await startingPoint(choice, opened);
  const artifact = await withSteps(choice, opened, start?.step ?? 0);
  const { manifest } = artifact;
  const seed = start?.seed ?? choice.seed;
  if (seed !== choice.seed) tell(`${where} goes on with its seed ${seed}`);
  const opening = { ...manifest.data.options, ...openingOf(choice) };
  const dataset = await openData(choice.data ?? manifest.data.source, seed, opening);
  requireShape(dataset, artifact);
  requireBits(manifest.diffusion, dataset);
  const batches = batchSource(dataset, seed, manifest.batch);
  await using trainer = await Trainer.create({ ...host, lower, artifact, seed, batches, start });
  tell(`training ${where} on the ${host.device.name}`);
  const finished = await new Run({ ...choice, seed }, host, artifact, trainer).toEnd();
  return finished ? undefined : 130;
}

/** The checkpoint to go on from; a run that has one needs --resume, so that nothing is overwritten by accident. */
async function startingPoint({ resume }: TrainingChoice, { where, manifest }: Artifact) {
  const checkpoint = await loadNewestCheckpoint(where, manifest);
  checkpoint?.problems.forEach(tell);
  const at = checkpoint?.state.step;
  if (!resume && at !== undefined)
    throw new UserError(`${where} holds a run at step ${at}; go on with --resume, or choose another --out`);
  if (resume && at === undefined) tell(`${where} has no checkpoint yet; starting at step 0`);
  await truncateMetrics(metricsOf(where), at ?? 0);
  return checkpoint?.state;
}

const metricsOf = (where: string) => join(where, metricsFile);

function requireShape(dataset: Dataset, { where, manifest: { data } }: Artifact): void {
  if (dataset.shape.join() !== data.shape.join())
    throw new UserError(
      `${where} was authored for samples [${data.shape}], ${dataset.name} has [${dataset.shape}]; choose another --out`,
    );
  if (data.classes > 0 && dataset.classes !== data.classes)
    throw new UserError(
      `${where} was authored for ${data.classes} classes, ${dataset.name} has ${dataset.classes}; choose another --out`,
    );
}

/** Previews are quick: few samples, and few evaluations where there are many noise levels. */
const quick = { method: "euler", steps: 40 } as const;
const previewImages = 10;
const defaultSaveEvery = 250;

/** One run from its present step to its last. */
class Run {
  private readonly choice: TrainingChoice;
  private readonly host: Host;
  private readonly artifact: Artifact;
  private readonly trainer: Trainer;
  private saved: number;

  constructor(choice: TrainingChoice, host: Host, artifact: Artifact, trainer: Trainer) {
    this.choice = choice;
    this.host = host;
    this.artifact = artifact;
    this.trainer = trainer;
    this.saved = trainer.step;
  }

  /** Trains to the end and writes the model; false when it was interrupted first. Either way the last step is saved. */
  async toEnd(): Promise<boolean> {
    const { totalSteps } = this.artifact.manifest.optimizer;
    const began = performance.now();
    const first = this.trainer.step;
    using stop = interrupt();
    const last = await this.steps(totalSteps, stop.signal);
    await this.save();
    const interrupted = this.trainer.step < totalSteps;
    const { where } = this.artifact;
    const plots = interrupted ? [] : await this.finish();
    report(
      {
        run: where,
        ...(plots.length > 0 && { plots }),
        step: this.trainer.step,
        loss: Number.isFinite(last.loss) ? last.loss : null,
        skipped: last.skipped,
        seconds: (performance.now() - began) / 1000,
        stepsPerSecond: ((this.trainer.step - first) / (performance.now() - began)) * 1000,
        next: interrupted ? `bun scripts/train.ts --out ${where} --resume` : `bun scripts/sample.ts ${where}`,
      },
      this.choice.json,
    );
    return !interrupted;
  }

  /** Writes the model and, if they are wanted, figures; answers their paths. */
  private async finish(): Promise<string[]> {
    const { artifact, host, choice } = this;
    const weights = await this.trainer.readVector("ema");
    await writeModelFolder(join(artifact.where, "model"), artifact, weights);
    if (!choice.plot) return [];
    const { plotTraining } = await import("./plots.ts");
    return plotTraining({ ...host, artifact, weights, seed: choice.seed });
  }

  /** The steps themselves; answers the smoothed loss of the last ones. */
  private async steps(total: number, signal: AbortSignal) {
    const saveEvery = this.choice.saveEvery ?? defaultSaveEvery;
    const previewEvery = this.choice.previewEvery ?? Math.ceil(total / 5);
    using bar = progress("training", "steps", total, this.trainer.step);
    let [loss, skipped] = [Number.NaN, 0];
    try {
      for await (const now of this.trainer.steps(total, signal)) {
        loss = smoothed(loss, now);
        skipped = now.skipped;
        appendLine(metricsOf(this.artifact.where), now);
        bar.update(now.step, `loss ${loss.toFixed(4)}${skipped > 0 ? `, ${skipped} skipped` : ""}`);
        if (now.step % saveEvery === 0) await this.save();
        if (now.step % previewEvery === 0) await this.preview(signal);
      }
    } catch (error) {
      // The state is still that of the last good step.
      if (error instanceof DivergedError) await this.save();
      throw error;
    }
    return { loss, skipped };
  }

  private async save(): Promise<void> {
    if (this.saved === this.trainer.step) return;
    await saveCheckpoint(this.artifact.where, this.artifact.manifest, await this.trainer.read());
    this.saved = this.trainer.step;
  }

  /** A sheet of quick samples with the averaged weights, always from the same noise. */
  private async preview(signal: AbortSignal): Promise<void> {
    const { artifact, host, trainer } = this;
    const { manifest, where } = artifact;
    const pictures = samplePictures(manifest);
    const count = manifest.data.shape.length === 3 ? previewImages : pictures.count;
    const method = defaultMethod(manifest);
    const chosen = manifest.noise.sigmas.length > 1 ? { ...quick, count } : { method, count };
    const drawn = await draw({
      ...host,
      ...samplingPlan(chosen, manifest),
      artifact,
      weights: await trainer.readVector("ema"),
      seed: this.choice.seed,
      signal,
    });
    const name = `step-${String(trainer.step).padStart(8, "0")}.png`;
    if (drawn) await pictures.write(join(where, "samples", name), drawn.samples);
  }
}

/** An exponential average over some fifty steps; a skipped step does not count. */
function smoothed(average: number, { loss }: StepReport): number {
  if (!Number.isFinite(loss)) return average;
  return Number.isNaN(average) ? loss : average + 0.02 * (loss - average);
}
