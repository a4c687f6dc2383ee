// The reverse process of a trained diffusion: what it says of single steps, and samples drawn from x_T down to x_0.
import type { DiffusionEntry, SamplingEntry } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { type RandomStream, stream } from "../random.ts";
import type { ChainRows } from "../theory/diffusions/bound.ts";
import { planChunks } from "./chunks.ts";
import { diffusionLaw, diffusionOf } from "./diffusion-law.ts";
import { Feeds, type RunValues } from "./feeds.ts";
import type { FieldOptions } from "./field.ts";
import { Frame, type SampleOptions, type SampleProgress } from "./sample.ts";
import { type Graph, openGraph, type Tensors } from "./session.ts";
import { openResident, type ResidentTensors } from "./state.ts";

type Step = Pick<RunValues, "labels" | "random"> & { readonly times: Int32Array };

/** A graph of reverse steps with its x, which every step replaces. */
export class ReverseProcess implements AsyncDisposable {
  /** How many samples take a step at once. */
  readonly batch: number;
  readonly tensors: ResidentTensors;
  private readonly graph: Graph;
  private readonly feeds: Feeds;
  private readonly shape: readonly number[];
  private readonly says: readonly string[];

  private constructor(options: FieldOptions, tensors: ResidentTensors, graph: Graph, batch: number) {
    const { ort, artifact, weights } = options;
    this.batch = batch;
    this.tensors = tensors;
    this.graph = graph;
    this.feeds = new Feeds(ort, artifact.manifest, graph.entry);
    this.shape = [batch, ...artifact.manifest.data.shape];
    this.says = diffusionLaw(artifact.manifest, weights).says;
  }

  /** Loads a sampling graph, the largest unless told another, with these weights. Throws UserError for a model without a diffusion. */
  static async open(options: FieldOptions, chosen?: SamplingEntry): Promise<ReverseProcess> {
    const { artifact, weights } = options;
    diffusionOf(artifact.manifest);
    const { sampling } = artifact.manifest.graphs;
    const entry = chosen ?? sampling.reduce((largest, each) => (each.batch > largest.batch ? each : largest));
    await using resources = new AsyncDisposableStack();
    const tensors = resources.use(await openResident(options));
    const graph = resources.use(
      await openGraph(options, artifact, entry, {
        replaces: { x_next: "x" },
        constants: { params: weights },
      }),
    );
    resources.move();
    return new ReverseProcess(options, tensors, graph, entry.batch);
  }

  /** Puts samples, at most `batch` of them, in the place of x. */
  async set(samples: Float32Array): Promise<void> {
    const x = new Float32Array(sizeOf(this.shape));
    x.set(samples);
    await this.tensors.set("x", this.shape, x);
  }

  /** x <- a draw of p(x_(t-1) | x_t) at each sample's time, the last one's for what fills the batch up; answers the numbers of that law. */
  step({ times, labels, random }: Step): Promise<Tensors> {
    const all = Int32Array.from({ length: this.batch }, (_, i) => times[Math.min(i, times.length - 1)]!);
    // The data are clean but for the chain's own noise.
    const sigmas = new Float64Array(this.batch);
    return this.tensors.run(
      this.graph,
      this.feeds.fill({ labels, sigmas, times: all, schedule: {}, random }),
    );
  }

  /** What the model says of p(x_(t-1) | x_t) at any number of points, in the order of the law's names; `labels` are those of the samples. */
  async at({ x, times, samples }: ChainRows, labels?: Int32Array): Promise<Float32Array[]> {
    const size = sizeOf(this.shape) / this.batch;
    const said = this.says.map(() => new Float32Array(x.length));
    for (let first = 0; first < times.length; first += this.batch) {
      const part = { times: times.subarray(first, first + this.batch), random: () => undefined };
      const own = labels && samples.slice(first, first + this.batch).map((sample) => labels[sample]!);
      const end = (first + part.times.length) * size;
      await this.set(x.subarray(first * size, end));
      const outputs = await this.step({ ...part, labels: own });
      for (const [i, name] of this.says.entries())
        said[i]!.set((outputs[name]!.data as Float32Array).subarray(0, end - first * size), first * size);
    }
    return said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph[Symbol.asyncDispose]();
    await this.tensors[Symbol.asyncDispose]();
  }
}

/** The law of x_T, which no data are left in. */
const priors: Readonly<Record<DiffusionEntry["kernel"], (random: RandomStream) => number>> = {
  gaussian: (random) => random.normal(),
  binomial: (random) => (random.uniform() < 0.5 ? -1 : 1),
};

type ReverseOptions = Omit<SampleOptions, "steps" | "initialSigma" | "limit">;

/** Yields after every step of every chunk; at `step === steps`, `x()` are the samples. Throws UserError for a model without a diffusion. */
export async function* sampleReverse(options: ReverseOptions): AsyncGenerator<SampleProgress, void> {
  const { artifact, count, batch = Infinity } = options;
  const { sampling } = artifact.manifest.graphs;
  const sizes = sampling.map((entry) => entry.batch);
  const plan = planChunks(sizes, count, batch);
  let [chunk, first] = [0, 0];
  for (const [size, chunks] of Map.groupBy(plan, (each) => each)) {
    await using process = await ReverseProcess.open(options, sampling[sizes.indexOf(size)]);
    for (const _ of chunks) {
      const place = { chunk, chunks: plan.length, first, count: Math.min(size, count - first) };
      yield* walk(options, process, place);
      chunk++;
      first += size;
    }
  }
}

type Place = Pick<SampleProgress, "chunk" | "chunks" | "first" | "count">;

/** Takes one chunk through all steps. */
async function* walk(options: ReverseOptions, process: ReverseProcess, place: Place) {
  const { artifact, seed, firstIndex = 0 } = options;
  const { kernel, steps } = diffusionOf(artifact.manifest);
  const { first, count } = place;
  const size = sizeOf(artifact.manifest.data.shape);
  const random = Array.from({ length: count }, (_, i) => stream(seed, "sample", firstIndex + first + i));
  const labels = options.labels?.subarray(first, first + count);
  await process.set(
    Float32Array.from({ length: count * size }, (_, i) => priors[kernel](random[Math.floor(i / size)]!)),
  );
  for (let t = steps; t > 0; t--) {
    await process.step({ times: Int32Array.of(t), labels, random: (_, i) => random[i] });
    const frame = new Frame(process.tensors, count * size);
    const read = () => frame.read("x");
    // Where it is on its way from noise to data is not told as a level of noise.
    yield { ...place, step: steps - t + 1, steps, sigma: 0, x: read, denoised: read };
    frame.gone = true;
  }
}
