// The field that a model has learned: its score, and its energy where it has one, at any points and noise level.
import type { Manifest, OutputPort } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { scoreUnit } from "../theory/score-unit.ts";
import { planChunks } from "./chunks.ts";
import { Feeds } from "./feeds.ts";
import { unlimited } from "./sample.ts";
import { type Artifact, type Graph, type Host, openGraph } from "./session.ts";
import { openResident, type ResidentTensors } from "./state.ts";

export interface FieldOptions extends Host {
  readonly artifact: Artifact;
  /** The flat vector of `parameterCount` floats. */
  readonly weights: Float32Array;
  /** How many points will be asked for at once, for the graph that does so with the least work; many unless given. */
  readonly count?: number | undefined;
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

/** In the shape of the points, but for the energy. */
interface Denoised extends Pick<FieldValues, "energy"> {
  readonly denoised: Float32Array;
  /** Where log variances of reverse steps lie between their bounds, for models that learned it. */
  readonly fraction: Float32Array | undefined;
}

/** How many points at once the sampling graph takes that answers `count` points with the least work; the most unless given. */
export function pointsAtOnce({ graphs }: Manifest, count?: number): number {
  const batches = graphs.sampling.map(({ batch }) => batch);
  return count === undefined ? Math.max(...batches) : planChunks(batches, count)[0]!;
}

/** The identity as a sampler's step, without clipping. */
const still = { a: 1, b: 0, c: 0, w: 0, limit: unlimited };

/** Where a field's graph finds its weights and puts its points. */
interface Residence {
  readonly tensors: ResidentTensors;
  /** The tensor that is its `params`, where they are not a constant of the graph. */
  readonly weights?: string;
}

export class Field implements AsyncDisposable {
  private readonly residence: Residence;
  private readonly graph: Graph;
  private readonly feeds: Feeds;
  private readonly shape: readonly number[];
  private readonly resources: AsyncDisposableStack;

  private constructor(
    residence: Residence,
    graph: Graph,
    feeds: Feeds,
    shape: readonly number[],
    resources: AsyncDisposableStack,
  ) {
    this.residence = residence;
    this.graph = graph;
    this.feeds = feeds;
    this.shape = shape;
    this.resources = resources;
  }

  /** Loads a sampling graph with these weights. */
  static async open(options: FieldOptions): Promise<Field> {
    await using resources = new AsyncDisposableStack();
    const tensors = resources.use(await openResident(options));
    const constants = { params: options.weights };
    const field = resources.use(await Field.load(options, { tensors }, constants));
    return new Field(field.residence, field.graph, field.feeds, field.shape, resources.move());
  }

  /** Loads a sampling graph over weights in resident tensors, so that the field changes as they do. */
  static over(options: Omit<FieldOptions, "weights">, residence: Required<Residence>): Promise<Field> {
    return Field.load(options, residence);
  }

  private static async load(
    options: Omit<FieldOptions, "weights">,
    residence: Residence,
    constants: Readonly<Record<string, Float32Array>> = {},
  ): Promise<Field> {
    const { artifact, ort, count } = options;
    const { graphs, data } = artifact.manifest;
    const batch = pointsAtOnce(artifact.manifest, count);
    const entry = graphs.sampling.find((each) => each.batch === batch)!;
    await using resources = new AsyncDisposableStack();
    const graph = resources.use(await openGraph(options, artifact, entry, { constants }));
    const feeds = new Feeds(ort, artifact.manifest, graph.entry);
    return new Field(residence, graph, feeds, [entry.batch, ...data.shape], resources.move());
  }

  /** Whether the model is an energy. */
  get hasEnergy(): boolean {
    return this.answers("energy");
  }

  /** The score and the energy at points [N,...shape], for any N. */
  async at(points: Float32Array, sigma: number): Promise<FieldValues> {
    const { denoised, energy } = await this.denoised(points, { sigmas: sigma });
    const unit = scoreUnit(sigma);
    return { score: denoised.map((each, i) => (each - points[i]!) / unit), energy };
  }

  /** D(x; sigma) at points [N,...shape], for any N, each at a level and of a class of its own; the energy and the fraction. */
  async denoised(points: Float32Array, { sigmas, labels }: Conditions): Promise<Denoised> {
    const [batch, ...shape] = this.shape;
    const size = sizeOf(shape);
    const all = Array.from({ length: points.length / size }, (_, i) =>
      typeof sigmas === "number" ? sigmas : sigmas[i]!,
    );
    const denoised = new Float32Array(points.length);
    const energy = this.hasEnergy ? new Float32Array(all.length) : undefined;
    const fraction = this.answers("fraction") ? new Float32Array(points.length) : undefined;
    for (let first = 0; first < all.length; first += batch!) {
      const end = Math.min(all.length, first + batch!);
      const part = points.subarray(first * size, end * size);
      const answers = await this.chunk(part, all.slice(first, end), labels?.subarray(first, end));
      denoised.set(answers.denoised.subarray(0, part.length), first * size);
      energy?.set(answers.energy!.subarray(0, end - first), first);
      fraction?.set(answers.fraction!.subarray(0, part.length), first * size);
    }
    return { denoised, energy, fraction };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resources.disposeAsync();
  }

  private answers(wanted: OutputPort["role"]): boolean {
    return this.graph.entry.outputs.some(({ role }) => role === wanted);
  }

  private async chunk(points: Float32Array, levels: readonly number[], labels: Int32Array | undefined) {
    const [batch] = this.shape;
    const x = new Float32Array(sizeOf(this.shape));
    x.set(points);
    const { tensors, weights } = this.residence;
    await tensors.set("x", this.shape, x);
    // What fills the batch up is at the last point's level.
    const sigmas = Array.from({ length: batch! }, (_, i) => levels[Math.min(i, levels.length - 1)]!);
    const feeds = this.feeds.fill({ sigmas, labels, schedule: still, random: () => undefined });
    const outputs = await tensors.run(this.graph, feeds, weights === undefined ? {} : { params: weights });
    const of = (name: string) => outputs[name]?.data as Float32Array | undefined;
    return { denoised: of("denoised")!, energy: of("energy"), fraction: of("fraction") };
  }
}
