// The denoiser of the open model, which stays loaded from one drawing to the next.
import { Field, pointsAtOnce } from "../../../lib/run/field.ts";
import type { Host } from "../../../lib/run/session.ts";
import type { Trainer } from "../../../lib/run/train.ts";
import type { Model } from "./pictures-model.ts";

interface Loaded {
  readonly field: Field;
  readonly model: Model;
  readonly trainer: Trainer | undefined;
  /** Pictures at once. */
  readonly batch: number;
}

export class LastField {
  private last: Loaded | undefined;

  /** The denoiser for so many pictures; of a training, with the averaged weights as they are at each moment. */
  async open(model: Model, host: Host, count: number): Promise<Field> {
    const { artifact, weights, run } = model;
    const trainer = run?.training;
    const batch = pointsAtOnce(artifact.manifest, count);
    const { last } = this;
    if (last?.model === model && last.trainer === trainer && last.batch === batch) return last.field;
    await this.close();
    const field = await (trainer?.field(count) ?? Field.open({ ...host, artifact, weights, count }));
    this.last = { field, model, trainer, batch };
    return field;
  }

  /** Lets go of what is loaded. */
  async close(): Promise<void> {
    const { last } = this;
    this.last = undefined;
    await last?.field[Symbol.asyncDispose]();
  }
}
