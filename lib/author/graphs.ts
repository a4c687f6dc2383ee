// The graphs of an artifact as expressions: training, evaluation, optimizer, the fused step, and sampling.
import type { OptimizerEntry, OutputPort } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { gradient } from "./autodiff/gradient.ts";
import {
  denoiser,
  type Level,
  levelInputs,
  type Network,
  type ReverseLevel,
  reverseInputs,
} from "./denoiser.ts";
import { type EnergyNetwork, preconditionedEnergy } from "./energy.ts";
import { input } from "./graph/constant.ts";
import {
  abs,
  add,
  cast,
  concat,
  exp,
  less,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  reshape,
  sub,
  where,
} from "./graph/ops.ts";
import type { Shape, Tensor } from "./graph/tensor.ts";
import { substitute } from "./graph/traverse.ts";
import type { Layout } from "./layout.ts";
import { type ParameterSpec, Parameters } from "./nn/parameters.ts";
import type { Objective, Score } from "./objectives/objective.ts";
import { clipByNorm, norm } from "./optim/clip.ts";
import { toward, update } from "./optim/optimizers.ts";

/** What a graph answers: a tensor and what it is; a state output replaces the state input `of`. */
export interface Output {
  readonly tensor: Tensor;
  readonly role: OutputPort["role"];
  readonly of?: string;
}
export type Outputs = Readonly<Record<string, Output>>;

/** A network for data of one shape, with or without classes. */
export interface Model {
  readonly network: Network;
  /** What the network is the negative gradient of, for energy-based models. */
  readonly energy?: EnergyNetwork | undefined;
  readonly shape: Shape;
  readonly classes: number;
}

/** The network's parameters, found by building it once. */
export function declareParameters(model: Model): ParameterSpec[] {
  const p = new Parameters();
  const { x, at, label } = modelInputs(model, 1);
  denoiser(model.network, p, at, label).denoised(x);
  return p.all();
}

export function modelInputs({ shape, classes }: Model, batch: number) {
  const at = inputsOf<Level>(levelInputs, batch);
  const label = classes > 0 ? input("label", [batch], "int32") : undefined;
  return { x: input("x", [batch, ...shape]), at, label };
}

/** Whether the network answers the variances of reverse steps besides. */
export function learnsVariance(model: Model): boolean {
  const { x, at, label } = modelInputs(model, 1);
  return denoiser(model.network, new Parameters(), at, label).fraction(x) !== undefined;
}

/** An input [batch] of each name. */
const inputsOf = <T extends Readonly<Record<string, Tensor>>>(
  names: readonly (keyof T & string)[],
  batch: number,
) => Object.fromEntries(names.map((name) => [name, input(name, [batch])])) as T;

/** The weighted loss of each sample of a batch, [batch], as a function of named parameters. */
export function sampleLosses(model: Model, objective: Objective, batch: number, oracle?: Score): Tensor {
  const { x, at, label } = modelInputs(model, batch);
  const p = new Parameters();
  const { score, ...steps } = denoiser(model.network, p, at, label);
  const energy = model.energy && preconditionedEnergy(model.energy, p, at, label);
  const draws = Object.fromEntries(Object.keys(objective.draws).map((name) => [name, input(name, x.shape)]));
  const { sigma, weight } = at;
  const reverse = { ...steps, ...inputsOf<ReverseLevel>(reverseInputs, batch) };
  const losses = objective.loss(score, { x, sigma, weight, draws, oracle, energy, reverse });
  return objective.weighs ? losses : mul(weight, losses);
}

/** The loss of each sample by its importance, [B], where training draws some times more often than they count. */
export const byImportance = (losses: Tensor): Tensor => mul(losses, input("importance", losses.shape));

interface Differentiated {
  readonly loss: Tensor;
  /** With respect to each parameter. */
  readonly gradients: readonly Tensor[];
}

/** A loss and its gradients computed in another way. */
export type Rework = (differentiated: Differentiated, parameters: readonly Tensor[]) => Differentiated;

/** The mean loss and its gradient as one flat vector. */
export function trainingOutputs(
  losses: Tensor,
  specs: readonly ParameterSpec[],
  layout: Layout,
  rework: Rework,
) {
  const parameters = specs.map(({ tensor }) => tensor);
  const total = mean(losses);
  const { loss, gradients } = rework({ loss: total, gradients: gradient(total, parameters) }, parameters);
  const flat = concat(
    gradients.map((part) => reshape(part, [sizeOf(part.shape)])),
    0,
  );
  const [boundLoss, boundGradient] = layout.bind([loss, flat]);
  return {
    loss: { tensor: boundLoss!, role: "loss" },
    gradient: { tensor: boundGradient!, role: "gradient" },
  } satisfies Outputs;
}

export function evalOutputs(losses: Tensor, layout: Layout): Outputs {
  return { loss: { tensor: layout.bind([losses])[0]!, role: "loss" } };
}

/** Above this a gradient norm counts as infinite; the comparison also fails for NaN, on every provider. */
const largestNorm = 1e30;

/**
 * The optimizer's step on flat vectors. Frozen parameters stay as they are, weight decay or not; when the gradient is not
 * finite, everything does.
 */
export function optimizerOutputs(entry: OptimizerEntry, layout: Layout): Outputs {
  const vector = (name: string) => input(name, [layout.size]);
  const gradientNorm = norm(vector("gradient"));
  const finite = less(abs(gradientNorm), largestNorm);
  const share = cast(finite, "float32");
  const slots = Object.fromEntries(entry.slots.map((name) => [name, vector(name)]));
  const updated = update(entry, {
    params: vector("params"),
    gradient: where(finite, clipByNorm(vector("gradient"), gradientNorm, entry.clipNorm), 0),
    slots,
    schedule: {
      learningRate: input("learning_rate", []),
      firstCorrection: input("first_correction", []),
      secondCorrection: input("second_correction", []),
    },
    share,
  });
  const params = layout.keepFrozen(updated.params, vector("params"));
  // decay·average + (1 - decay)·params (Song & Ermon 2020, technique 5).
  const ema = toward(vector("ema"), params, mul(share, sub(1, input("ema_decay", []))));
  const next = Object.entries({ params, ema, ...updated.slots }).map(([name, now]): [string, Output] => [
    `${name}_next`,
    { tensor: now, role: "state", of: name },
  ]);
  return { ...Object.fromEntries(next), gradient_norm: { tensor: gradientNorm, role: "metric" } };
}

/** Loss, gradient and optimizer as one graph. */
export function fusedOutputs(
  training: { readonly loss: Output; readonly gradient: Output },
  step: Outputs,
): Outputs {
  const { loss, gradient } = training;
  const names = Object.keys(step);
  const tensors = substitute(
    names.map((name) => step[name]!.tensor),
    new Map([[input("gradient", gradient.tensor.shape), gradient.tensor]]),
  );
  const fused = names.map((name, i): [string, Output] => [name, { ...step[name]!, tensor: tensors[i]! }]);
  return { loss, ...Object.fromEntries(fused) };
}

/**
 * One evaluation and one affine step of a sampler, x_next = a·x + b·D(x; sigma) + c·z with D clipped to ±limit, and the energy
 * where there is one. A network that learns variances answers its fraction v as well, and the noise is c·exp(w·v)·z.
 */
export function samplingOutputs(model: Model, batch: number, layout: Layout): Outputs {
  const { x, at, label } = modelInputs(model, batch);
  const p = new Parameters();
  const coefficient = (name: string) => input(name, []);
  const limit = coefficient("limit");
  const field = denoiser(model.network, p, at, label);
  const denoised = minimum(maximum(field.denoised(x), neg(limit)), limit);
  const fraction = field.fraction(x);
  const drift = add(mul(coefficient("a"), x), mul(coefficient("b"), denoised));
  const noise = mul(coefficient("c"), input("z", x.shape));
  const next = add(drift, fraction ? mul(noise, exp(mul(coefficient("w"), fraction))) : noise);
  const energy = model.energy && preconditionedEnergy(model.energy, p, at, label)(x);
  const outputs: Outputs = {
    x_next: { tensor: next, role: "sample" },
    denoised: { tensor: denoised, role: "sample" },
    ...(energy && { energy: { tensor: energy, role: "energy" } }),
    ...(fraction && { fraction: { tensor: fraction, role: "fraction" } }),
  };
  const bound = layout.bind(Object.values(outputs).map(({ tensor }) => tensor));
  return Object.fromEntries(
    Object.entries(outputs).map(([name, output], i) => [name, { ...output, tensor: bound[i]! }]),
  );
}
