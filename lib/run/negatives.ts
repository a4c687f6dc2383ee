// Negatives: samples of the model itself, drawn by Langevin dynamics before each step of an objective that learns from them.
import { chainsName, type NegativesEntry, samplesAtOnce } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { type RandomStream, stream } from "../random.ts";
import { Feeds, type RunValues } from "./feeds.ts";
import { fillBy } from "./initialize.ts";
import { Replay } from "./replay.ts";
import { type Artifact, type Graph, type Host, openGraph } from "./session.ts";
import type { ResidentTensors } from "./state.ts";

interface NegativesOptions extends Host {
  readonly artifact: Artifact;
  readonly seed: number;
  /** Where the weights are and the negatives go. */
  readonly tensors: ResidentTensors;
  /** The chains to go on with, where they are persistent. */
  readonly chains: Float32Array | undefined;
}

/** What chains take from the batch that they are drawn for. */
type Batch = Pick<RunValues, "labels" | "sigmas"> & { readonly x: Float32Array };

/** Writes the beginning of a chain for one sample and its noise level. */
type Begin = (row: Float32Array, random: RandomStream, sample: Float32Array, sigma: number) => void;

function beginnings(settings: NegativesEntry): Begin {
  if (!("prior" in settings)) return atData;
  return (row, random) => fillBy(settings.prior, row, random);
}

const atData: Begin = (row, random, sample, sigma) => {
  random.fillNormal(row);
  for (let i = 0; i < row.length; i++) row[i] = sample[i]! + sigma * row[i]!;
};

/** Beyond so many standard deviations of the noisiest data a chain is lost, and its energy would drown all others. */
const lostBeyond = 1e4;

export class Negatives implements AsyncDisposable {
  private readonly options: NegativesOptions;
  private readonly settings: NegativesEntry;
  private readonly graph: Graph;
  private readonly feeds: Feeds;
  private readonly begin: Begin;
  private readonly replay: Replay | undefined;
  /** The resident tensor [B,...shape] that the step graph reads. */
  private readonly name: string;
  private readonly shape: readonly [number, ...number[]];

  private constructor(options: NegativesOptions, settings: NegativesEntry, graph: Graph, name: string) {
    const { ort, artifact, chains } = options;
    const { manifest } = artifact;
    this.options = options;
    this.settings = settings;
    this.graph = graph;
    this.name = name;
    this.shape = [samplesAtOnce(manifest), ...manifest.data.shape];
    this.feeds = new Feeds(ort, manifest, graph.entry);
    this.begin = beginnings(settings);
    this.replay = settings.start === "persistent" ? new Replay(chains!, settings) : undefined;
  }

  /** Loads the graph of the negatives; undefined for objectives that have none. */
  static async open(options: NegativesOptions): Promise<Negatives | undefined> {
    const { negatives, graphs } = options.artifact.manifest;
    if (!negatives) return undefined;
    const { name } = graphs.step.inputs.find(({ feed }) => feed === "negative")!;
    const replaces = { x_next: name };
    const graph = await openGraph(options, options.artifact, graphs.negatives!, { replaces });
    return new Negatives(options, negatives, graph, name);
  }

  /**
   * Draws the negatives of as many samples, of which the first is number `first` of all that were ever drawn, with the present weights: a
   * function of seed, number, weights and chains.
   * A chain that is lost or not finite goes back to a beginning, so that it spoils neither this step nor later ones.
   */
  async draw(first: number, { x, labels, sigmas }: Batch): Promise<void> {
    const { tensors, seed } = this.options;
    const random = Array.from(sigmas, (_, i) => stream(seed, "negatives", first + i));
    const begun = this.beginAll(x, sigmas, random);
    await tensors.set(this.name, this.shape, this.replay?.take(begun, first, random) ?? begun);
    const { steps, stepsPerRun } = this.settings;
    for (let done = 0; done < steps; done += stepsPerRun) {
      const feeds = this.feeds.fill({ labels, sigmas, schedule: {}, random: (_, i) => random[i] });
      await tensors.run(this.graph, feeds, { x: this.name });
    }
    const drawn = await tensors.read(this.name);
    if (this.bringBack(drawn, begun) > 0) await tensors.set(this.name, this.shape, drawn);
    this.replay?.keep(drawn, first);
  }

  /** What a checkpoint holds besides the state vectors: copies, by name. */
  carried(): Record<string, Float32Array> {
    return this.replay ? { [chainsName]: this.replay.chains.slice() } : {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph[Symbol.asyncDispose]();
  }

  private beginAll(
    x: Float32Array,
    sigmas: ArrayLike<number>,
    random: readonly RandomStream[],
  ): Float32Array {
    const begun = new Float32Array(sizeOf(this.shape));
    const length = begun.length / this.shape[0];
    const row = (of: Float32Array, i: number) => of.subarray(i * length, (i + 1) * length);
    for (const [i, each] of random.entries()) this.begin(row(begun, i), each, row(x, i), sigmas[i]!);
    return begun;
  }

  /** Puts beginnings in place of lost chains; answers how many. */
  private bringBack(drawn: Float32Array, begun: Float32Array): number {
    const { sigmas, sigmaData } = this.options.artifact.manifest.noise;
    const bound = lostBeyond * Math.hypot(sigmas[0]!, sigmaData);
    const length = drawn.length / this.shape[0];
    let lost = 0;
    for (let at = 0; at < drawn.length; at += length) {
      const row = drawn.subarray(at, at + length);
      if (row.every((value) => Math.abs(value) <= bound)) continue;
      row.set(begun.subarray(at, at + length));
      lost++;
    }
    return lost;
  }
}
