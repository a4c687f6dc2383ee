// What an objective is: a loss per sample of a score, with the random inputs and the knowledge that it needs.
import type { Feed } from "../../artifact/manifest.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The score s(x, sigma) of a batch, in the shape of x; sigma is per sample, [B]. */
export type Score = (x: Tensor, sigma: Tensor) => Tensor;

/** The energy E(x, sigma) of each sample, [B], whose negative gradient in x is the score. */
export type Energy = (x: Tensor, sigma: Tensor) => Tensor;

/** One step of a chain's reverse process, p(x_(t-1) | x_t), at each sample's time t of 1..T. */
export interface ReverseStep {
  /** What the network takes noisy samples for, in their shape. */
  denoised(x: Tensor): Tensor;
  /** Where log variances lie between log beta~ (0) and log beta (1), in the shape of x; undefined for networks that do not learn them. */
  fraction(x: Tensor): Tensor | undefined;
  /** T, [B]. */
  readonly terms: Tensor;
  /** The factor of x_0 in the posterior's mean of x_(t-1), [B]. */
  readonly c_x0: Tensor;
  /** log beta_t, and log beta~_t with beta~_2 for beta~_1, [B]. */
  readonly log_beta: Tensor;
  readonly log_posterior: Tensor;
  /** 1 at t = 1, the step that decides on the data's values, else 0; [B]. */
  readonly decodes: Tensor;
}

export interface ObjectiveInputs {
  /** Clean data [B,...]. */
  readonly x: Tensor;
  /** Noise level of each sample, [B]; 0 leaves the data as they are. */
  readonly sigma: Tensor;
  /** The noise level's weight, [B], for objectives that apply it themselves. */
  readonly weight: Tensor;
  /** The tensors that the objective asked for, each in the shape of x. */
  readonly draws: Readonly<Record<string, Tensor>>;
  /** The true score of the blurred data, for objectives that need the oracle. */
  readonly oracle?: Score | undefined;
  /** The model's energy, for objectives that need it. */
  readonly energy?: Energy | undefined;
  /** The model's step down its chain, for objectives that need one. */
  readonly reverse: ReverseStep;
}

export interface Objective {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** Backward passes through the network that one gradient in the weights costs; D is the number of the data's dimensions. */
  readonly backwardPasses: string;
  /** What only some data or models have: a known true score, an energy, a chain of steps, learned variances of those steps. */
  readonly needs?: "oracle" | "energy" | "chain" | "variance";
  /** Whether `loss` applies the noise level's weight itself, because not every part of it has one; else it comes on top. */
  readonly weighs?: true;
  /** Whether it is defined on clean data, at sigma 0. */
  readonly clean: boolean;
  /** Inputs by name, each in the shape of the data: random numbers, or samples of the model itself. */
  readonly draws: Readonly<Record<string, Extract<Feed, "normal" | "rademacher" | "uniform" | "negative">>>;
  /** The loss of each sample, [B], averaged over its dimensions. */
  loss(score: Score, inputs: ObjectiveInputs): Tensor;
}
