// Authoring: a network, an objective and an optimizer become ONNX files and the manifest that says how to run them.
import type { LoweringName } from "../artifact/lowering.ts";
import {
  type GraphEntry,
  type Manifest,
  manifestVersion,
  type NegativesEntry,
  type OptimizerEntry,
  samplesAtOnce,
  stateNames,
} from "../artifact/manifest.ts";
import { UserError } from "../errors.ts";
import { openScheduleOf } from "../theory/family.ts";
import type { GaussianMixture } from "../theory/gaussian-mixture.ts";
import { accumulateOutputs } from "./accumulate.ts";
import type { Network } from "./denoiser.ts";
import {
  type DiffusionModel,
  declareDiffusion,
  diffusionDraws,
  diffusionLosses,
  reverseOutputs,
} from "./diffusion/graphs.ts";
import { emit, encode, type Feeds, feedsByName, tensorsOf } from "./emit.ts";
import { type EnergyNetwork, gradientField } from "./energy.ts";
import { arenaBytes } from "./graph/arena.ts";
import { multiplyAdds } from "./graph/cost.ts";
import { lifetimes } from "./graph/execution.ts";
import type { Tensor } from "./graph/tensor.ts";
import {
  byImportance,
  declareParameters,
  evalOutputs,
  fusedOutputs,
  learnsVariance,
  type Model,
  type Outputs,
  optimizerOutputs,
  type Rework,
  sampleLosses,
  samplingOutputs,
  trainingOutputs,
} from "./graphs.ts";
import { Layout } from "./layout.ts";
import { likelihoodOutputs } from "./likelihood.ts";
import { lower } from "./lower/lower.ts";
import { recompute } from "./lower/recompute.ts";
import { negativesOutputs } from "./negatives.ts";
import type { ParameterSpec } from "./nn/parameters.ts";
import { type ObjectiveName, objectives } from "./objectives/index.ts";
import { mixtureScore } from "./objectives/mixture-score.ts";
import type { Objective } from "./objectives/objective.ts";
import { hideShapes } from "./onnx/hidden-shapes.ts";
import { slotNames } from "./optim/optimizers.ts";

interface Described
  extends Pick<
    Manifest,
    | "preset"
    | "model"
    | "langevin"
    | "data"
    | "batch"
    | "microBatch"
    | "gradientCheckpointing"
    | "ema"
    | "diffusion"
  > {
  readonly noise: Omit<Manifest["noise"], "variance">;
}
type WithoutSlots<Entry> = Entry extends OptimizerEntry ? Omit<Entry, "slots"> : never;

/** What models of a diffusion minimise: -K, the bound on -log p. */
const diffusionObjective = "diffusion-bound";

export type OptimizerSettings = WithoutSlots<OptimizerEntry>;

export interface Authoring extends Described {
  /** A score network, or the energy whose negative gradient is one. */
  readonly network: { readonly score: Network } | { readonly energy: EnergyNetwork };
  readonly objective: ObjectiveName | typeof diffusionObjective;
  /** The law of the data, for objectives that learn from its true score. */
  readonly oracle?: GaussianMixture | undefined;
  /** How objectives that learn from the model's own samples draw them; the others do without. */
  readonly negatives?: NegativesEntry | undefined;
  readonly optimizer: OptimizerSettings;
  /** Batch sizes of the sampling models. */
  readonly samplingBatches: readonly number[];
  /** For whom the graphs that are run are written besides. */
  readonly lowering?: LoweringName | undefined;
}

export interface Authored {
  readonly manifest: Manifest;
  /** The ONNX models by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** An estimate of the memory that ONNX Runtime's arenas take in a training step; counted when asked for. */
  readonly stepBytes: number;
  /** The multiply-adds of a training step's convolutions and matrix products. */
  readonly stepMultiplyAdds: number;
}

/** Writes all graphs of one model; the same settings give the same bytes. */
export function author(settings: Authoring): Authored {
  const {
    network,
    objective: name,
    oracle,
    negatives,
    samplingBatches,
    optimizer: chosen,
    lowering,
    ...described
  } = settings;
  const { data, batch } = described;
  const together = samplesAtOnce(described);
  const parts = batch / together;
  const isSplit = described.microBatch !== undefined;
  const energy = "energy" in network ? network.energy : undefined;
  const score = "energy" in network ? gradientField(network.energy) : network.score;
  const model = { network: score, energy, shape: data.shape, classes: data.classes };
  const chain = openScheduleOf(described.noise.schedule).discrete;
  const variance = chain && learnsVariance(model);
  const learning =
    name === diffusionObjective
      ? diffusionLearning({ ...model, diffusion: described.diffusion ?? withoutDiffusion() })
      : scoreLearning(model, objectiveFor(name, { oracle, energy, chain, variance }, described), oracle);
  const { specs, draws } = learning;
  const langevin = drawsNegatives(learning) ? (negatives ?? withoutNegatives(name)) : undefined;
  const layout = new Layout(specs);
  const optimizer = { ...chosen, slots: [...slotNames(chosen.kind)] } as OptimizerEntry;
  const losses = learning.losses(together);
  const byLoss = described.noise.training.kind === "loss-second-moment";
  const counted = byLoss ? byImportance(losses) : losses;
  const rework: Rework = described.gradientCheckpointing ? recompute : (differentiated) => differentiated;
  const training = trainingOutputs(counted, specs, layout, rework);
  const step = optimizerOutputs(optimizer, layout);

  const files = new Map<string, Uint8Array>();
  const states = stateNames({ optimizer }).map((name) => [name, "state"] as const);
  const feeds = { ...feedsByName, ...Object.fromEntries(states), ...draws };
  const writePortable = (
    file: string,
    outputs: Outputs,
    extra: Feeds = {},
    portable = lower(tensorsOf(outputs)),
  ): GraphEntry => {
    const { bytes, ...entry } = emit(file, outputs, portable, { ...feeds, ...extra });
    files.set(file, bytes);
    return entry;
  };
  const write = (
    file: string,
    outputs: Outputs,
    extra?: Feeds,
    constants?: ReadonlySet<string>,
  ): GraphEntry => {
    const portable = lower(tensorsOf(outputs));
    const entry = writePortable(file, outputs, extra, portable);
    const fast = lowering && lower(tensorsOf(outputs), lowering, constants);
    if (!fast) return entry;
    if (fast.every((node, i) => node === portable[i])) return { ...entry, lowered: { [lowering]: file } };
    const name = file.replace(/\.onnx$/, `.${lowering}.onnx`);
    files.set(name, encode(outputs, fast).bytes);
    return { ...entry, lowered: { [lowering]: name } };
  };
  const fused = {
    ...(isSplit ? accumulateOutputs(counted, parts, specs, layout, rework) : fusedOutputs(training, step)),
    ...(byLoss && { losses: { ...evalOutputs(losses, layout).loss!, role: "metric" as const } }),
  };
  const results = Object.values(fused).map(({ tensor }) => tensor);
  const sampled = { x: "sample", z: "normal" } as const;
  const graphs = {
    // These two are for others to build upon; what is run here is both at once.
    training: writePortable("training_model.onnx", training),
    eval: write("eval_model.onnx", evalOutputs(losses, layout)),
    optimizer: writePortable("optimizer_model.onnx", step),
    step: write(isSplit ? "accumulate_model.onnx" : "step_model.onnx", fused),
    ...(langevin && {
      negatives: write("negatives_model.onnx", negativesOutputs(model, together, layout, langevin), sampled),
    }),
    // As many at once as a training step, which needs about as much memory. One level says nothing of the others.
    ...(!described.diffusion &&
      described.noise.sigmas.length > 1 && {
        likelihood: write("likelihood_model.onnx", likelihoodOutputs(model, together, layout), {
          x: "sample",
          direction: "sample",
        }),
      }),
    sampling: samplingBatches.map((size) => ({
      batch: size,
      ...write(`sample_model_${size}.onnx`, learning.sampling(size, layout), sampled, weights),
    })),
  };
  const fast = lowering && graphs.step.lowered?.[lowering];
  const hidesShapes = givesBack(lowering, described.gradientCheckpointing);
  if (fast && fast !== graphs.step.file && hidesShapes) files.set(fast, hideShapes(files.get(fast)!));
  const parameters = { parameters: layout.entries, parameterCount: layout.size };
  return {
    manifest: {
      format: "langevin",
      version: manifestVersion,
      ...described,
      noise: { ...described.noise, ...(variance && { variance: "learned" }) },
      ...(langevin && { negatives: langevin }),
      objective: name,
      optimizer,
      ...parameters,
      graphs,
    },
    files,
    get stepBytes() {
      const fusedBytes = arenaBytes(lifetimes(lower(results, lowering), { knowsShapes: !hidesShapes }));
      return (
        fusedBytes + (isSplit ? arenaBytes(lifetimes(lower(tensorsOf(step)), { knowsShapes: true })) : 0)
      );
    },
    stepMultiplyAdds: parts * multiplyAdds(results),
  };
}

/** The objective, if data, model and noise levels have what it needs; else throws UserError. */
function objectiveFor(
  name: ObjectiveName,
  has: Record<NonNullable<Objective["needs"]>, unknown>,
  { noise }: Described,
): Objective {
  const objective: Objective = objectives[name];
  const { needs, clean } = objective;
  if (needs && !has[needs]) throw new UserError(`objective "${name}" ${lacking[needs]}`);
  if (!clean && noise.sigmas.includes(0))
    throw new UserError(`objective "${name}" learns from noise and needs noise levels above 0`);
  return objective;
}

const lacking: Record<NonNullable<Objective["needs"]>, string> = {
  oracle: "needs data whose true score is known, such as --data two-gaussians",
  energy: "needs an energy-based model, such as --preset density-energy",
  chain: "needs a schedule of discrete steps, such as that of --preset digits-ddpm",
  variance:
    "needs a network that learns the variances of a schedule's discrete steps, such as --preset digits-iddpm",
};

/** What differs between models of noise levels and those of a diffusion. */
interface Learning {
  readonly specs: readonly ParameterSpec[];
  readonly draws: Feeds;
  losses(batch: number): Tensor;
  sampling(batch: number, layout: Layout): Outputs;
}

const scoreLearning = (
  model: Model,
  objective: Objective,
  oracle: GaussianMixture | undefined,
): Learning => ({
  specs: declareParameters(model),
  draws: objective.draws,
  losses: (batch) => sampleLosses(model, objective, batch, oracle && mixtureScore(oracle)),
  sampling: (batch, layout) => samplingOutputs(model, batch, layout),
});

const diffusionLearning = (model: DiffusionModel): Learning => ({
  specs: declareDiffusion(model),
  draws: diffusionDraws(model),
  losses: (batch) => diffusionLosses(model, batch),
  sampling: (batch, layout) => reverseOutputs(model, batch, layout),
});

function withoutDiffusion(): never {
  throw new UserError(
    `objective "${diffusionObjective}" needs a diffusion, such as that of --preset heartbeat`,
  );
}

const drawsNegatives = ({ draws }: Pick<Learning, "draws">) => Object.values(draws).includes("negative");

function withoutNegatives(name: string): never {
  throw new UserError(
    `objective "${name}" learns from samples of the model and needs settings of its negatives, such as those of --preset density-energy`,
  );
}

/** Samplers load graphs for one set of weights. */
const weights: ReadonlySet<string> = new Set(["params"]);

/**
 * Whether shapes are hidden, so that memory is given back: where results are computed twice. Elsewhere it would be an eighth, and opening the step takes
 * more than twice as long for it. A GPU would be asked for shapes that are computed elsewhere.
 */
const givesBack = (lowering: LoweringName | undefined, recomputes = false) =>
  recomputes && lowering !== undefined && lowering !== "webgpu";
