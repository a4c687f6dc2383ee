// A training step on one batch: by the fused graph at once, or by micro-batches whose gradients add up and the optimizer after them.
import type * as ort from "onnxruntime-common";
import type { GraphEntry } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { UserError } from "../errors.ts";
import { Feeds, type RunValues } from "./feeds.ts";
import type { Negatives } from "./negatives.ts";
import { type Artifact, type Graph, type Host, openGraph, type Tensors } from "./session.ts";
import type { ResidentTensors } from "./state.ts";

/** What a step is made from, for every sample of the batch. */
export interface BatchValues extends RunValues {
  /** The number of the first sample among all of the run. */
  readonly first: number;
  readonly x: Float32Array;
  readonly labels: Int32Array | undefined;
  readonly sigmas: Float64Array;
  readonly times?: Int32Array | undefined;
  readonly importance: Float64Array;
}

/** What a step answers; the scalars may still be on the device. */
export interface StepAnswers {
  /** Its parts add up to the loss. */
  readonly loss: readonly ort.Tensor[];
  readonly gradientNorm: ort.Tensor;
  /** Of each sample, [B], where the graph answers them. */
  readonly losses: Float32Array | undefined;
}

export interface BatchStep extends AsyncDisposable {
  /** Takes the values of the next step; `x` may be overwritten afterwards. */
  take(values: BatchValues): Promise<void>;
  /** Does the step. */
  run(): Promise<StepAnswers>;
}

interface BatchStepOptions extends Host {
  readonly artifact: Artifact;
  /** Where the state is. */
  readonly tensors: ResidentTensors;
  readonly negatives: Negatives | undefined;
}

/** Loads the graphs of a step, which change the state in `tensors`. */
export const openBatchStep = (options: BatchStepOptions): Promise<BatchStep> =>
  options.artifact.manifest.microBatch === undefined ? WholeBatch.open(options) : MicroBatches.open(options);

/** Scalars that are read when somebody asks for them, as each reading makes a GPU wait. */
const metrics = ["loss", "gradient_norm"];

/** A graph with its feeds. */
async function openFed(options: BatchStepOptions, entry: GraphEntry, replaces = {}) {
  const { ort, artifact } = options;
  const stays = entry.outputs.map(({ name }) => name).filter((name) => metrics.includes(name));
  const graph = await openGraph(options, artifact, entry, { replaces, stays });
  return { graph, feeds: new Feeds(ort, artifact.manifest, graph.entry) };
}

interface Fed {
  readonly graph: Graph;
  readonly feeds: Feeds;
}

class WholeBatch implements BatchStep {
  private readonly options: BatchStepOptions;
  private readonly step: Fed;

  private constructor(options: BatchStepOptions, step: Fed) {
    this.options = options;
    this.step = step;
  }

  static async open(options: BatchStepOptions): Promise<WholeBatch> {
    return new WholeBatch(options, await openFed(options, options.artifact.manifest.graphs.step));
  }

  async take(values: BatchValues): Promise<void> {
    await this.options.negatives?.draw(values.first, values);
    this.step.feeds.fill(values);
  }

  async run(): Promise<StepAnswers> {
    const { graph, feeds } = this.step;
    const outputs = await this.options.tensors.run(graph, feeds.tensors);
    return {
      loss: [scalarOf(outputs, "loss")],
      gradientNorm: scalarOf(outputs, "gradient_norm"),
      losses: lossesOf(outputs),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.step.graph[Symbol.asyncDispose]();
  }
}

class MicroBatches implements BatchStep {
  private readonly options: BatchStepOptions;
  private readonly accumulation: Fed;
  private readonly optimizer: Fed;
  private values: BatchValues | undefined;

  private constructor(options: BatchStepOptions, accumulation: Fed, optimizer: Fed) {
    this.options = options;
    this.accumulation = accumulation;
    this.optimizer = optimizer;
  }

  static async open(options: BatchStepOptions): Promise<MicroBatches> {
    const { graphs, parameterCount } = options.artifact.manifest;
    await using resources = new AsyncDisposableStack();
    const accumulation = await openFed(options, graphs.step, { gradient_next: "gradient" });
    resources.use(accumulation.graph);
    const optimizer = await openFed(options, graphs.optimizer);
    await options.tensors.set("gradient", [parameterCount], new Float32Array(parameterCount));
    resources.move();
    return new MicroBatches(options, accumulation, optimizer);
  }

  async take(values: BatchValues): Promise<void> {
    this.values = { ...values, x: values.x.slice() };
  }

  async run(): Promise<StepAnswers> {
    const values = this.values!;
    const { tensors, artifact } = this.options;
    const { batch, microBatch } = artifact.manifest;
    const answers: Tensors[] = [];
    for (let at = 0; at < batch; at += microBatch!) answers.push(await this.accumulate(at, at + microBatch!));
    const { graph, feeds } = this.optimizer;
    const updated = await tensors.run(graph, feeds.fill({ ...values, sigmas: [] }));
    return {
      // Each micro-batch answers its share of the mean.
      loss: answers.map((outputs) => scalarOf(outputs, "loss")),
      gradientNorm: scalarOf(updated, "gradient_norm"),
      losses: joinedLosses(answers),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.accumulation.graph[Symbol.asyncDispose]();
    await this.optimizer.graph[Symbol.asyncDispose]();
  }

  /** Adds the gradient of the samples from `begin` to `end`; those of the first micro-batch begin the sum. */
  private async accumulate(begin: number, end: number): Promise<Tensors> {
    const { artifact, negatives, tensors } = this.options;
    const part = partOf(this.values!, begin, end, sizeOf(artifact.manifest.data.shape));
    await negatives?.draw(part.first, part);
    const { graph, feeds } = this.accumulation;
    return tensors.run(graph, feeds.fill({ ...part, schedule: { begins: Number(begin === 0) } }));
  }
}

/** The values of some samples of a batch, each of `size` numbers. */
function partOf(values: BatchValues, begin: number, end: number, size: number): BatchValues {
  const { first, x, labels, sigmas, times, importance, random } = values;
  return {
    ...values,
    first: first + begin,
    x: x.subarray(begin * size, end * size),
    labels: labels?.subarray(begin, end),
    sigmas: sigmas.subarray(begin, end),
    times: times?.subarray(begin, end),
    importance: importance.subarray(begin, end),
    random: (port, i) => random(port, begin + i),
  };
}

function scalarOf(outputs: Tensors, name: string): ort.Tensor {
  const tensor = outputs[name];
  if (!tensor)
    throw new UserError(`step graph: expected an output "${name}"; re-author with \`bun scripts/author.ts\``);
  return tensor;
}

const lossesOf = ({ losses }: Tensors) => losses?.data as Float32Array | undefined;

/** The losses of all micro-batches, one after another. */
function joinedLosses(answers: readonly Tensors[]): Float32Array | undefined {
  const losses = answers.map(lossesOf).filter((each) => each !== undefined);
  return losses.length > 0 ? Float32Array.from(losses.flatMap((each) => [...each])) : undefined;
}
