// The field that a model has learned: its score, and its energy where it has one, at any points and noise level.
import { sizeOf } from "../artifact/shape.ts";
import { scoreUnit } from "../theory/score-unit.ts";
import { Feeds } from "./feeds.ts";
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

/** The identity as a sampler's step. */
const still = { a: 1, b: 0, c: 0 };

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

  /** At points [N,...shape], for any N. */
  async at(points: Float32Array, sigma: number): Promise<FieldValues> {
    const [batch, ...shape] = this.shape;
    const size = sizeOf(shape);
    const score = new Float32Array(points.length);
    const energy = this.hasEnergy ? new Float32Array(points.length / size) : undefined;
    const unit = scoreUnit(sigma);
    for (let first = 0; first < points.length; first += batch! * size) {
      const part = points.subarray(first, first + batch! * size);
      const { denoised, energies } = await this.chunk(part, sigma);
      for (let i = 0; i < part.length; i++) score[first + i] = (denoised[i]! - part[i]!) / unit;
      energy?.set(energies!.subarray(0, part.length / size), first / size);
    }
    return { score, energy };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph[Symbol.asyncDispose]();
    await this.tensors[Symbol.asyncDispose]();
  }

  private async chunk(points: Float32Array, sigma: number) {
    const x = new Float32Array(sizeOf(this.shape));
    x.set(points);
    await this.tensors.set("x", this.shape, x);
    const sigmas = new Float64Array(this.shape[0]!).fill(sigma);
    const feeds = this.feeds.fill({ sigmas, schedule: still, random: () => undefined });
    const { denoised, energy } = await this.tensors.run(this.graph, feeds);
    return { denoised: denoised!.data as Float32Array, energies: energy?.data as Float32Array | undefined };
  }
}
