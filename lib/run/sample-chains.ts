// Samples of an energy-based model by the dynamics that it was trained with: long chains of its negatives graph.
import type { Initialisation } from "../artifact/initialisation.ts";
import type { Manifest } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import { stream } from "../random.ts";
import { Feeds } from "./feeds.ts";
import { fillBy } from "./initialize.ts";
import { Frame, type SampleOptions, type SampleProgress } from "./sample.ts";
import { openGraph } from "./session.ts";
import { openResident } from "./state.ts";

export type ChainOptions = Pick<
  SampleOptions,
  "ort" | "device" | "artifact" | "weights" | "count" | "seed" | "firstIndex"
> & {
  /** Langevin steps of a chain, rounded up to whole runs of the graph. */
  readonly steps: number;
};

/**
 * Yields after every run of the graph, `stepsPerRun` Langevin steps; a chain starts where new chains of the training do, or as
 * noise of the data's spread. Bounded moves and a low temperature make these other samples than Langevin dynamics proper
 * would give. Throws UserError for a model that was trained without negatives.
 */
export async function* sampleChains(options: ChainOptions): AsyncGenerator<SampleProgress, void> {
  const { ort, artifact, weights, count, seed, firstIndex = 0 } = options;
  const { manifest } = artifact;
  const { entry, stepsPerRun, prior } = dynamicsOf(manifest, artifact.where);
  await using tensors = await openResident(options);
  const opened = { replaces: { x_next: "x" }, constants: { params: weights } };
  await using graph = await openGraph(options, artifact, entry, opened);
  const feeds = new Feeds(ort, manifest, graph.entry);
  const { batch, data, noise } = manifest;
  const [size, sigma] = [sizeOf(data.shape), noise.sigmas.at(-1)!];
  const sigmas = new Float64Array(batch).fill(sigma);
  const [chunks, steps] = [Math.ceil(count / batch), Math.ceil(options.steps / stepsPerRun)];
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = chunk * batch;
    const chains = Math.min(batch, count - first);
    const random = Array.from({ length: chains }, (_, i) => stream(seed, "sample", firstIndex + first + i));
    const x = new Float32Array(batch * size);
    for (const [i, each] of random.entries()) fillBy(prior, x.subarray(i * size, (i + 1) * size), each);
    await tensors.set("x", [batch, ...data.shape], x);
    for (let step = 1; step <= steps; step++) {
      await tensors.run(graph, feeds.fill({ sigmas, schedule: {}, random: (_, i) => random[i] }));
      const frame = new Frame(tensors, chains * size);
      const read = () => frame.read("x");
      yield { chunk, chunks, first, count: chains, step, steps, sigma, x: read, denoised: read };
      frame.gone = true;
    }
  }
}

function dynamicsOf({ negatives, graphs, noise, objective }: Manifest, where: string) {
  if (!negatives)
    throw new UserError(
      `${where} was trained by "${objective}", without negatives whose dynamics could draw samples; choose another --method`,
    );
  const prior: Initialisation =
    "prior" in negatives ? negatives.prior : { kind: "normal", std: noise.sigmaData };
  return { entry: graphs.negatives!, stepsPerRun: negatives.stepsPerRun, prior };
}
