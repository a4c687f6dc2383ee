// Optimizers as graph fragments over flat vectors; what changes with the step number is fed by the host.
import type { OptimizerEntry } from "../../artifact/manifest.ts";
import { add, div, mul, type Operand, sqrt, square, sub } from "../graph/ops.ts";
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
  /** A finite gradient. */
  readonly gradient: Tensor;
  /** The optimizer's state, a vector per slot name. */
  readonly slots: Readonly<Record<string, Tensor>>;
  readonly schedule: Schedule;
  /** How much of the step is taken: 1, or 0, which changes nothing, to the bit. A number, so that no vector is selected. */
  readonly share: Operand;
}

/** The new parameters and the new slots. */
export interface Updated {
  readonly params: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
}

type Settings<K extends OptimizerEntry["kind"]> = Extract<OptimizerEntry, { kind: K }>;
type Optimizer<K extends OptimizerEntry["kind"]> = (settings: Settings<K>, update: Update) => Updated;

/** The way from `old` to `now`, or a share of it. */
export const toward = (old: Tensor, now: Tensor, share: Operand): Tensor =>
  add(old, mul(share, sub(now, old)));

/**
 * (Loshchilov & Hutter 2019, Algorithm 2); slots m and v. With weightDecay 0 it is Adam (Kingma & Ba 2015). The corrections stand
 * before the fraction (Kingma & Ba 2015, end of section 2), which saves two passes over a vector.
 */
const adamw: Optimizer<"adamw"> = (settings, { params, gradient, slots, schedule, share }) => {
  const { learningRate, firstCorrection, secondCorrection } = schedule;
  const [beta1, beta2] = settings.betas;
  const m = toward(slots.m!, gradient, mul(share, 1 - beta1));
  const v = toward(slots.v!, square(gradient), mul(share, 1 - beta2));
  const root = sqrt(secondCorrection);
  const rate = mul(share, mul(div(learningRate, firstCorrection), root));
  const step = mul(rate, div(m, add(sqrt(v), mul(root, settings.epsilon))));
  const decay = mul(share, mul(learningRate, settings.weightDecay));
  const decayed = settings.weightDecay === 0 ? params : mul(params, sub(1, decay));
  return { params: sub(decayed, step), slots: { m, v } };
};

const withDecay = (gradient: Tensor, params: Tensor, weightDecay: number) =>
  weightDecay === 0 ? gradient : add(gradient, mul(params, weightDecay));

/** momentum·velocity + push. */
const pushed = (velocity: Tensor, momentum: number, push: Tensor, share: Operand) =>
  add(velocity, mul(share, sub(push, mul(velocity, 1 - momentum))));

/** Stochastic gradient descent with heavy-ball momentum (Polyak 1964; PyTorch's form); slot velocity. */
const sgd: Optimizer<"sgd"> = (settings, { params, gradient, slots, schedule, share }) => {
  const push = withDecay(gradient, params, settings.weightDecay);
  const velocity = pushed(slots.velocity!, settings.momentum, push, share);
  return { params: sub(params, mul(mul(share, schedule.learningRate), velocity)), slots: { velocity } };
};

/** RMSProp (Tieleman & Hinton 2012; PyTorch's form); slots meanSquare and velocity. */
const rmsprop: Optimizer<"rmsprop"> = (settings, { params, gradient, slots, schedule, share }) => {
  const decayed = withDecay(gradient, params, settings.weightDecay);
  const meanSquare = toward(slots.meanSquare!, square(decayed), mul(share, 1 - settings.smoothing));
  const scaled = div(decayed, add(sqrt(meanSquare), settings.epsilon));
  const velocity = pushed(slots.velocity!, settings.momentum, scaled, share);
  return {
    params: sub(params, mul(mul(share, schedule.learningRate), velocity)),
    slots: { meanSquare, velocity },
  };
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
