// What an objective is: a loss per sample of a score, with the random inputs and the knowledge that it needs.
import type { Feed } from "../../artifact/manifest.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The score s(x, sigma) of a batch, in the shape of x; sigma is per sample, [B]. */
export type Score = (x: Tensor, sigma: Tensor) => Tensor;

/** The energy E(x, sigma) of each sample, [B], whose negative gradient in x is the score. */
export type Energy = (x: Tensor, sigma: Tensor) => Tensor;

export interface ObjectiveInputs {
  /** Clean data [B,...]. */
  readonly x: Tensor;
  /** Noise level of each sample, [B]; 0 leaves the data as they are. */
  readonly sigma: Tensor;
  /** The tensors that the objective asked for, each in the shape of x. */
  readonly draws: Readonly<Record<string, Tensor>>;
  /** The true score of the blurred data, for objectives that need the oracle. */
  readonly oracle?: Score | undefined;
  /** The model's energy, for objectives that need it. */
  readonly energy?: Energy | undefined;
}

export interface Objective {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** Backward passes through the network that one gradient in the weights costs; D is the number of the data's dimensions. */
  readonly backwardPasses: string;
  /** What only some data or models have: a known true score, an energy. */
  readonly needs?: "oracle" | "energy";
  /** Whether it is defined on clean data, at sigma 0. */
  readonly clean: boolean;
  /** Inputs by name, each in the shape of the data: random numbers, or samples of the model itself. */
  readonly draws: Readonly<Record<string, Extract<Feed, "normal" | "rademacher" | "uniform" | "negative">>>;
  /** The loss of each sample, [B], averaged over its dimensions; the noise level's weight comes on top. */
  loss(score: Score, inputs: ObjectiveInputs): Tensor;
}
