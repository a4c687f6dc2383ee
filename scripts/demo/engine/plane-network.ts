// The network of the plane: authored for a density, trained in slices, and asked for its field in between.
import { batchSource } from "../../../lib/data/batches.ts";
import type { Field, FieldValues } from "../../../lib/run/field.ts";
import { Queue } from "../../../lib/run/queue.ts";
import type { Host } from "../../../lib/run/session.ts";
import { Trainer } from "../../../lib/run/train.ts";
import type { Denoise } from "../../../lib/theory/solvers/solver.ts";
import { authorModel } from "../../recipes/author-model.ts";
import { nextTurn } from "./next-turn.ts";
import type { Subject } from "./plane-subject.ts";
import { Progress } from "./progress.ts";
import type { NetworkInfo, TrainingProgress } from "./protocol.ts";

/** Milliseconds of training before whatever else waits has its turn. */
const slice = 12;

export class PlaneNetwork implements AsyncDisposable {
  readonly info: NetworkInfo;
  private readonly trainer: Trainer;
  private readonly field: Field;
  private readonly resources: AsyncDisposableStack;
  // Steps and evaluations share the weights, and a device runs one graph at a time.
  private readonly queue = new Queue();

  private constructor(info: NetworkInfo, trainer: Trainer, field: Field, resources: AsyncDisposableStack) {
    this.info = info;
    this.trainer = trainer;
    this.field = field;
    this.resources = resources;
  }

  /** Writes the graphs for a density and loads them with fresh weights. */
  static async author(host: Host, { setup, dataset, recipe, suggestion }: Subject): Promise<PlaneNetwork> {
    const { lowering } = host.device;
    const { manifest, files } = authorModel({ ...recipe, lowering }, dataset, suggestion);
    const artifact = { manifest, where: "plane", read: async (file: string) => files.get(file)! };
    const batches = batchSource(dataset, setup.seed, manifest.batch);
    await using resources = new AsyncDisposableStack();
    const trainer = resources.use(await Trainer.create({ ...host, artifact, seed: setup.seed, batches }));
    const field = resources.use(await trainer.field());
    const info = { parameters: manifest.parameterCount, totalSteps: manifest.optimizer.totalSteps };
    return new PlaneNetwork(info, trainer, field, resources.move());
  }

  /** Trains up to step `to`, or until it is replaced, which is seen between steps. */
  async train(
    to: number,
    report: (progress: TrainingProgress) => void,
    replaced: () => boolean,
  ): Promise<void> {
    const progress = new Progress(this.info.totalSteps, report);
    const steps = this.trainer.steps(to);
    let until = performance.now() + slice;
    while (!replaced()) {
      const { done, value } = await this.queue.run(() => steps.next());
      if (done) break;
      progress.add(value);
      if (performance.now() < until) continue;
      await nextTurn();
      until = performance.now() + slice;
    }
    await steps.return();
    progress.finish();
  }

  readonly denoise: Denoise = (x, sigmas) =>
    this.queue.run(async () => (await this.field.denoised(Float32Array.from(x), { sigmas })).denoised);

  /** The score, and the energy where the network is one, at points [n*2]. */
  at(points: Float32Array, sigma: number): Promise<FieldValues> {
    return this.queue.run(() => this.field.at(points, sigma));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue.run(() => this.resources.disposeAsync());
  }
}
