// Optimizers as graph fragments over flat vectors; what changes with the step number is fed by the host.
import type { OptimizerEntry } from "../../artifact/manifest.ts";
import { add, div, mul, sqrt, square, sub } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

/** Scalars that the host computes for every step. */
export interface Schedule {
  readonly learningRate: Tensor;
  /** Adam's bias corrections, 1 - beta^step. */
  readonly firstCorrection: Tensor;
  readonly secondCorrection: Tensor;
}

export interface Update {
  readonly params: Tensor;
  readonly gradient: Tensor;
  /** The optimizer's state, a vector per slot name. */
  readonly slots: Readonly<Record<string, Tensor>>;
  readonly schedule: Schedule;
}

/** The new parameters and the new slots. */
export interface Updated {
  readonly params: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

type Settings<K extends OptimizerEntry["kind"]> = Extract<OptimizerEntry, { kind: K }>;
type Optimizer<K extends OptimizerEntry["kind"]> = (settings: Settings<K>, update: Update) => Updated;

const blend = (old: Tensor, now: Tensor, keep: number) => add(mul(old, keep), mul(now, 1 - keep));

/** (Loshchilov & Hutter 2019, Algorithm 2); slots m and v. With weightDecay 0 it is Adam (Kingma & Ba 2015). */
const adamw: Optimizer<"adamw"> = (settings, { params, gradient, slots, schedule }) => {
  const { learningRate, firstCorrection, secondCorrection } = schedule;
  const m = blend(slots.m!, gradient, settings.betas[0]);
  const v = blend(slots.v!, square(gradient), settings.betas[1]);
  const denominator = add(sqrt(div(v, secondCorrection)), settings.epsilon);
  const step = mul(div(learningRate, firstCorrection), div(m, denominator));
  const decayed =
    settings.weightDecay === 0 ? params : mul(params, sub(1, mul(learningRate, settings.weightDecay)));
  return { params: sub(decayed, step), slots: { m, v } };
};

const withDecay = (gradient: Tensor, params: Tensor, weightDecay: number) =>
  weightDecay === 0 ? gradient : add(gradient, mul(params, weightDecay));

/** Stochastic gradient descent with heavy-ball momentum (Polyak 1964; PyTorch's form); slot velocity. */
const sgd: Optimizer<"sgd"> = (settings, { params, gradient, slots, schedule }) => {
  const velocity = add(
    mul(slots.velocity!, settings.momentum),
    withDecay(gradient, params, settings.weightDecay),
  );
  return { params: sub(params, mul(schedule.learningRate, velocity)), slots: { velocity } };
};

/** RMSProp (Tieleman & Hinton 2012; PyTorch's form); slots meanSquare and velocity. */
const rmsprop: Optimizer<"rmsprop"> = (settings, { params, gradient, slots, schedule }) => {
  const decayed = withDecay(gradient, params, settings.weightDecay);
  const meanSquare = blend(slots.meanSquare!, square(decayed), settings.smoothing);
  const scaled = div(decayed, add(sqrt(meanSquare), settings.epsilon));
  const velocity = add(mul(slots.velocity!, settings.momentum), scaled);
  return { params: sub(params, mul(schedule.learningRate, velocity)), slots: { meanSquare, velocity } };
};

const optimizers: {
  readonly [K in OptimizerEntry["kind"]]: { slots: readonly string[]; update: Optimizer<K> };
} = {
  adamw: { slots: ["m", "v"], update: adamw },
  sgd: { slots: ["velocity"], update: sgd },
  rmsprop: { slots: ["meanSquare", "velocity"], update: rmsprop },
};

/** Names of the state vectors that this kind of optimizer keeps beside the parameters. */
export const slotNames = (kind: OptimizerEntry["kind"]): readonly string[] => optimizers[kind].slots;

/** One step of the optimizer that the settings describe. */
export function update<K extends OptimizerEntry["kind"]>(settings: Settings<K>, inputs: Update): Updated {
  return optimizers[settings.kind as K].update(settings, inputs);
}
