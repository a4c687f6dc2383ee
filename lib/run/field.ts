// The field that a model has learned: its score, and its energy where it has one, at any points and noise level.
import { sizeOf } from "../artifact/shape.ts";
import { scoreUnit } from "../theory/score-unit.ts";
import { Feeds } from "./feeds.ts";
import { unlimited } from "./sample.ts";
import { type Artifact, type Graph, type Host, openGraph } from "./session.ts";
import { openResident, type ResidentTensors } from "./state.ts";

export interface FieldOptions extends Host {
  readonly artifact: Artifact;
  /** The flat vector of `parameterCount` floats. */
  readonly weights: Float32Array;
}

export interface FieldValues {
  /** In the shape of the points. */
  readonly score: Float32Array;
  /** One number for each point, for energy-based models. */
  readonly energy: Float32Array | undefined;
}

interface Conditions {
  /** One level for all points, or one each. */
  readonly sigmas: number | ArrayLike<number>;
  readonly labels?: Int32Array | undefined;
}

type Denoised = Pick<FieldValues, "energy"> & { readonly denoised: Float32Array };

/** The identity as a sampler's step, without clipping. */
const still = { a: 1, b: 0, c: 0, limit: unlimited };

export class Field implements AsyncDisposable {
  private readonly tensors: ResidentTensors;
  private readonly graph: Graph;
  private readonly feeds: Feeds;
  private readonly shape: readonly number[];

  private constructor(tensors: ResidentTensors, graph: Graph, feeds: Feeds, shape: readonly number[]) {
    this.tensors = tensors;
    this.graph = graph;
    this.feeds = feeds;
    this.shape = shape;
  }

  /** Loads the largest sampling graph with these weights. */
  static async open(options: FieldOptions): Promise<Field> {
    const { artifact, weights, ort } = options;
    const { graphs, data } = artifact.manifest;
    const entry = graphs.sampling.reduce((largest, each) => (each.batch > largest.batch ? each : largest));
    await using resources = new AsyncDisposableStack();
    const tensors = resources.use(await openResident(options));
    const graph = resources.use(
      await openGraph(options, artifact, entry, { constants: { params: weights } }),
    );
    resources.move();
    return new Field(tensors, graph, new Feeds(ort, artifact.manifest, graph.entry), [
      entry.batch,
      ...data.shape,
    ]);
  }

  /** Whether the model is an energy. */
  get hasEnergy(): boolean {
    return this.graph.entry.outputs.some(({ role }) => role === "energy");
  }

  /** The score and the energy at points [N,...shape], for any N. */
  async at(points: Float32Array, sigma: number): Promise<FieldValues> {
    const { denoised, energy } = await this.denoised(points, { sigmas: sigma });
    const unit = scoreUnit(sigma);
    return { score: denoised.map((each, i) => (each - points[i]!) / unit), energy };
  }

  /** D(x; sigma) at points [N,...shape], for any N, each at a level and of a class of its own; and the energy. */
  async denoised(points: Float32Array, { sigmas, labels }: Conditions): Promise<Denoised> {
    const [batch, ...shape] = this.shape;
    const size = sizeOf(shape);
    const all = Array.from({ length: points.length / size }, (_, i) =>
      typeof sigmas === "number" ? sigmas : sigmas[i]!,
    );
    const denoised = new Float32Array(points.length);
    const energy = this.hasEnergy ? new Float32Array(all.length) : undefined;
    for (let first = 0; first < all.length; first += batch!) {
      const end = Math.min(all.length, first + batch!);
      const part = points.subarray(first * size, end * size);
      const answers = await this.chunk(part, all.slice(first, end), labels?.subarray(first, end));
      denoised.set(answers.denoised.subarray(0, part.length), first * size);
      energy?.set(answers.energy!.subarray(0, end - first), first);
    }
    return { denoised, energy };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph[Symbol.asyncDispose]();
    await this.tensors[Symbol.asyncDispose]();
  }

  private async chunk(points: Float32Array, levels: readonly number[], labels: Int32Array | undefined) {
    const [batch] = this.shape;
    const x = new Float32Array(sizeOf(this.shape));
    x.set(points);
    await this.tensors.set("x", this.shape, x);
    // What fills the batch up is at the last point's level.
    const sigmas = Array.from({ length: batch! }, (_, i) => levels[Math.min(i, levels.length - 1)]!);
    const feeds = this.feeds.fill({ sigmas, labels, schedule: still, random: () => undefined });
    const { denoised, energy } = await this.tensors.run(this.graph, feeds);
    return { denoised: denoised!.data as Float32Array, energy: energy?.data as Float32Array | undefined };
  }
}
