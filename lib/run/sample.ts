// Sampling: walks a sampler's steps with one small graph, x <- a x + b D(x; sigma) + c e^(w v) z, in chunks of the graph's batch.
import type { SamplingEntry } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import { type RandomStream, stream } from "../random.ts";
import type { Step } from "../theory/samplers/sampler.ts";
import { planChunks } from "./chunks.ts";
import { Feeds } from "./feeds.ts";
import { type Artifact, type Graph, type Host, openGraph } from "./session.ts";
import { openResident, type ResidentTensors } from "./state.ts";

/** No image reaches it; infinity would make the clipping's limits a matter of the provider. */
export const unlimited = 1e30;

export interface SampleOptions extends Host {
  readonly artifact: Artifact;
  /** The flat vector of `parameterCount` floats. */
  readonly weights: Float32Array;
  readonly steps: Iterable<Step>;
  /** Standard deviation of the noise to start from. */
  readonly initialSigma: number;
  /** The denoised are clipped to ±limit, such as 1 for images, as DDPM's authors do in code. */
  readonly limit?: number | undefined;
  readonly count: number;
  readonly seed: number;
  /** One class per sample, for class-conditional models; the number after the last class is none. */
  readonly labels?: Int32Array | undefined;
  /** The most images at once. */
  readonly batch?: number | undefined;
  /** Samples are numbered from here: sample i of a seed is the same image in whatever company. */
  readonly firstIndex?: number | undefined;
}

export interface SampleProgress {
  readonly chunk: number;
  readonly chunks: number;
  /** This chunk's place among the `count` samples. */
  readonly first: number;
  readonly count: number;
  /** Steps done in this chunk, of `steps`. */
  readonly step: number;
  readonly steps: number;
  readonly sigma: number;
  /** Copies [count,C,H,W] of the state after this step and of the denoised images that it used; only until the next step. */
  x(): Promise<Float32Array>;
  denoised(): Promise<Float32Array>;
}

/** Yields after every step of every chunk; at `step === steps`, `x()` are the samples. Throws UserError where labels lack. */
export async function* sample(options: SampleOptions): AsyncGenerator<SampleProgress, void> {
  const { artifact, weights, count, batch = Infinity } = options;
  const { graphs } = artifact.manifest;
  const steps = [...options.steps];
  const plan = planChunks(
    graphs.sampling.map((entry) => entry.batch),
    count,
    batch,
  );
  await using tensors = await openResident(options);
  let [chunk, first] = [0, 0];
  for (const [size, chunks] of Map.groupBy(plan, (size) => size)) {
    const entry = graphs.sampling.find((each) => each.batch === size)!;
    await using graph = await openGraph(options, artifact, entry, {
      replaces: { x_next: "x", denoised: "denoised" },
      constants: { params: weights },
    });
    const walker = new Walker(options, steps, tensors, graph, entry);
    for (const _ of chunks) {
      const place = { chunk, chunks: plan.length, first, count: Math.min(size, count - first) };
      yield* walker.walk(place);
      chunk++;
      first += size;
    }
  }
}

type Place = Pick<SampleProgress, "chunk" | "chunks" | "first" | "count">;

/** Takes one chunk after another through all steps on one graph. */
class Walker {
  private readonly options: SampleOptions;
  private readonly steps: readonly Step[];
  private readonly tensors: ResidentTensors;
  private readonly graph: Graph;
  private readonly shape: readonly number[];
  private readonly feeds: Feeds;
  private readonly imageSize: number;

  constructor(
    options: SampleOptions,
    steps: readonly Step[],
    tensors: ResidentTensors,
    graph: Graph,
    entry: SamplingEntry,
  ) {
    const { manifest } = options.artifact;
    this.options = options;
    this.steps = steps;
    this.tensors = tensors;
    this.graph = graph;
    this.shape = [entry.batch, ...manifest.data.shape];
    this.feeds = new Feeds(options.ort, manifest, entry);
    this.imageSize = sizeOf(manifest.data.shape);
  }

  async *walk(place: Place): AsyncGenerator<SampleProgress, void> {
    const { seed, firstIndex = 0 } = this.options;
    const generators = Array.from({ length: place.count }, (_, i) =>
      stream(seed, "sample", firstIndex + place.first + i),
    );
    const labels = this.labels(place);
    await this.start(generators);
    for (const [i, step] of this.steps.entries()) {
      await this.take(step, labels, generators);
      const frame = new Frame(this.tensors, place.count * this.imageSize);
      const { sigma } = step;
      const [x, denoised] = [() => frame.read("x"), () => frame.read("denoised")];
      yield { ...place, step: i + 1, steps: this.steps.length, sigma, x, denoised };
      frame.gone = true;
    }
  }

  private labels({ first, count }: Place): Int32Array | undefined {
    const { labels, count: all, artifact } = this.options;
    if (!labels) return undefined;
    const { classes, unconditional } = artifact.manifest.data;
    const last = unconditional === undefined ? classes - 1 : classes;
    if (labels.length !== all || labels.some((label) => !(label >= 0 && label <= last)))
      throw new UserError(
        `sample: expected one label in 0..${last} for each of ${all} samples, got ${labels.length} labels [${labels.slice(0, 5)}…]`,
      );
    return labels.subarray(first, first + count);
  }

  private async start(generators: readonly RandomStream[]): Promise<void> {
    const [batch] = this.shape;
    const noise = new Float32Array(batch! * this.imageSize);
    await this.tensors.set("denoised", this.shape, noise);
    generators.forEach((random, i) => {
      random.fillNormal(noise, i * this.imageSize, (i + 1) * this.imageSize);
    });
    for (let i = 0; i < noise.length; i++) noise[i]! *= this.options.initialSigma;
    await this.tensors.set("x", this.shape, noise);
  }

  private async take(
    { sigma, a, b, c, w = 0 }: Step,
    labels: Int32Array | undefined,
    generators: readonly RandomStream[],
  ) {
    const sigmas = Array<number>(this.shape[0]!).fill(sigma);
    // A step without noise draws none.
    const random = (_: string, i: number) => (c === 0 ? undefined : generators[i]);
    const feeds = this.feeds.fill({
      labels,
      sigmas,
      schedule: { a, b, c, w, limit: this.options.limit ?? unlimited },
      random,
    });
    await this.tensors.run(this.graph, feeds);
  }
}

/** What can be read of one step while the generator waits. */
export class Frame {
  gone = false;
  private readonly tensors: ResidentTensors;
  private readonly length: number;

  constructor(tensors: ResidentTensors, length: number) {
    this.tensors = tensors;
    this.length = length;
  }

  async read(name: string): Promise<Float32Array> {
    if (this.gone) throw new Error("sample: this step's images are gone; read them before the next step");
    return (await this.tensors.read(name)).subarray(0, this.length);
  }
}
