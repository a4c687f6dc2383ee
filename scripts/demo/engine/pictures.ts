// The engine of the pictures: one open model that samples, trains and goes away as a zip, in turns.

import { UserError } from "../../../lib/errors.ts";
import { Queue } from "../../../lib/run/queue.ts";
import type { Host } from "../../../lib/run/session.ts";
import { inTurns } from "./in-turns.ts";
import { Latest } from "./latest.ts";
import { authorPictures } from "./pictures-author.ts";
import { LastField } from "./pictures-field.ts";
import { openFolder } from "./pictures-folder.ts";
import { infoOf, type Model, runOf } from "./pictures-model.ts";
import { openModel } from "./pictures-open.ts";
import { Run } from "./pictures-run.ts";
import { drawPictures, planPictures } from "./pictures-sampling.ts";
import { Progress } from "./progress.ts";
import type {
  ModelSource,
  PictureEngine,
  PictureFrame,
  PictureModel,
  PictureSampling,
  PictureTraining,
  TrainingProgress,
} from "./protocol.ts";

/** The pictures' part of the engine; the runtime starts with the first work that needs it. */
export function pictureEngine(start: () => Promise<Host>): PictureEngine {
  const workshop = new Workshop(start);
  return {
    open: (source) => workshop.open(source),
    sample: (request, show) => workshop.sample(request, show),
    create: (training) => workshop.create(training),
    train: (to, report) => workshop.train(to, report),
    pause: () => workshop.pause(),
    download: () => workshop.download(),
  };
}

/** Of a long run as many frames are shown, evenly spread. */
const mostFrames = 120;

class Workshop {
  private readonly start: () => Promise<Host>;
  // A device runs one graph at a time.
  private readonly queue = new Queue();
  private readonly drawing = new Latest();
  private readonly training = new Latest();
  private readonly field = new LastField();
  private model: Model | undefined;
  /** Counts the models that were asked for: a slow one does not take the place of a later one. */
  private asked = 0;

  constructor(start: () => Promise<Host>) {
    this.start = start;
  }

  async open(source: ModelSource): Promise<PictureModel> {
    const mine = ++this.asked;
    const { artifact, weights, state, metrics } = await openModel(await openFolder(source));
    const run = state && new Run({ artifact, seed: state.seed, state, metrics });
    return this.take(mine, { artifact, weights, run });
  }

  async create(training: PictureTraining): Promise<PictureModel> {
    const mine = ++this.asked;
    const { device } = await this.start();
    const run = new Run(await authorPictures(training, device));
    return this.take(mine, { artifact: run.artifact, weights: run.weights, run });
  }

  async sample(request: PictureSampling, show: (frame: PictureFrame) => void): Promise<boolean> {
    const model = this.opened();
    const plan = planPictures(request, model.artifact);
    const done = await this.drawing.run(async (replaced) => {
      const host = await this.start();
      const field = await this.queue.run(() => this.field.open(model, host, plan.count));
      for await (const frame of inTurns(drawPictures(field, request, plan, model.artifact), this.queue)) {
        if (replaced()) return false;
        if (isShown(frame)) show(frame);
      }
      return true;
    });
    return done ?? false;
  }

  async train(to: number, report: (progress: TrainingProgress) => void): Promise<void> {
    const run = runOf(this.opened());
    await this.drawing.stop();
    await this.training.run(async (replaced) => {
      const host = await this.start();
      const trainer = await this.queue.run(() => run.prepare(host, to));
      const progress = new Progress(to, report);
      // Steps that are done already are still reported.
      const stop = new AbortController();
      for await (const now of inTurns(trainer.steps(to, stop.signal), this.queue)) {
        run.note(now);
        progress.add(now);
        if (replaced()) stop.abort();
        // Who asks for pictures waits for them.
        else await this.drawing.ended;
      }
      progress.finish();
    });
  }

  pause(): Promise<void> {
    return this.training.stop();
  }

  async download(): Promise<Uint8Array> {
    const run = runOf(this.opened());
    return this.queue.run(() => run.zip());
  }

  /** Puts a model in the place of the one that was open. */
  private async take(mine: number, model: Model): Promise<PictureModel> {
    if (mine !== this.asked) throw new UserError(`${model.artifact.where}: another model was opened instead`);
    await this.drawing.stop();
    await this.training.stop();
    // What was asked for until the training had stopped.
    await this.drawing.stop();
    const before = this.model;
    this.model = model;
    await this.queue.run(async () => {
      await this.field.close();
      await before?.run?.[Symbol.asyncDispose]();
    });
    return infoOf(model);
  }

  private opened(): Model {
    if (this.model === undefined) throw new Error("pictures: expected a model to be open, there is none");
    return this.model;
  }
}

function isShown({ step, steps }: PictureFrame): boolean {
  if (steps === undefined || step === steps) return true;
  return step % Math.ceil(steps / mostFrames) === 0;
}
