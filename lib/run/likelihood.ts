// The denoiser of a trained model with quadratic forms of its Jacobian, at many points, each at a noise level of its own.
import { type Manifest, samplesAtOnce } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import type { Divergence, Rows } from "../theory/traces.ts";
import { Feeds } from "./feeds.ts";
import type { FieldOptions } from "./field.ts";
import { type Graph, openGraph } from "./session.ts";
import { openResident, type ResidentTensors } from "./state.ts";

export class JacobianField implements AsyncDisposable {
  /** How many points are evaluated at once. */
  readonly batch: number;
  private readonly tensors: ResidentTensors;
  private readonly graph: Graph;
  private readonly feeds: Feeds;
  private readonly shape: readonly number[];

  private constructor(tensors: ResidentTensors, graph: Graph, feeds: Feeds, manifest: Manifest) {
    this.tensors = tensors;
    this.graph = graph;
    this.feeds = feeds;
    this.batch = samplesAtOnce(manifest);
    this.shape = [this.batch, ...manifest.data.shape];
  }

  /** Loads the likelihood graph with these weights. Throws UserError for a model that has none. */
  static async open(options: FieldOptions): Promise<JacobianField> {
    const { artifact, weights, ort } = options;
    const { manifest, where } = artifact;
    const entry = manifest.graphs.likelihood ?? withoutGraph(where, manifest);
    await using resources = new AsyncDisposableStack();
    const tensors = resources.use(await openResident(options));
    const graph = resources.use(
      await openGraph(options, artifact, entry, { constants: { params: weights } }),
    );
    resources.move();
    return new JacobianField(tensors, graph, new Feeds(ort, manifest, graph.entry), manifest);
  }

  /** D(x; sigma) and vᵀ·(dD/dx)·v of each row for its direction v, [n,...shape], for any n; `labels` are those of the samples. */
  async at(rows: Rows, directions: Float64Array, labels?: Int32Array): Promise<Divergence> {
    const { batch } = this;
    const size = sizeOf(this.shape) / batch;
    const count = rows.sigmas.length;
    const denoised = new Float32Array(count * size);
    const divergence = new Float32Array(count);
    for (let first = 0; first < count; first += batch) {
      const end = Math.min(count, first + batch);
      const part = {
        x: rows.x.subarray(first * size, end * size),
        directions: directions.subarray(first * size, end * size),
        sigmas: rows.sigmas.subarray(first, end),
        labels: labels && rows.samples.slice(first, end).map((sample) => labels[sample]!),
      };
      const answers = await this.chunk(part);
      denoised.set(answers.denoised.subarray(0, part.x.length), first * size);
      divergence.set(answers.divergence.subarray(0, end - first), first);
    }
    return { denoised, divergence };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.graph[Symbol.asyncDispose]();
    await this.tensors[Symbol.asyncDispose]();
  }

  private async chunk({ x, directions, sigmas, labels }: Chunk) {
    for (const [name, values] of Object.entries({ x, direction: directions })) {
      const filled = new Float32Array(sizeOf(this.shape));
      filled.set(values);
      await this.tensors.set(name, this.shape, filled);
    }
    // What fills the batch up is at the last point's level.
    const levels = Array.from({ length: this.batch }, (_, i) => sigmas[Math.min(i, sigmas.length - 1)]!);
    const feeds = this.feeds.fill({ sigmas: levels, labels, schedule: {}, random: () => undefined });
    const { denoised, divergence } = await this.tensors.run(this.graph, feeds);
    return {
      denoised: denoised!.data as Float32Array,
      divergence: divergence!.data as Float32Array,
    };
  }
}

interface Chunk {
  readonly x: Float64Array;
  readonly directions: Float64Array;
  readonly sigmas: Float64Array;
  readonly labels: readonly number[] | undefined;
}

function withoutGraph(where: string, { noise: { sigmas } }: Manifest): never {
  throw new UserError(
    sigmas.length > 1
      ? `${where} was authored without a graph for likelihoods; re-author with \`bun scripts/author.ts\``
      : `${where} knows one noise level, ${sigmas[0]}; likelihoods need a model of all levels, trained without --sigma`,
  );
}
