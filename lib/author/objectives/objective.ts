// What an objective is: a loss per sample of a score, with the random inputs that it needs.
import type { Feed } from "../../artifact/manifest.ts";
import type { Tensor } from "../graph/tensor.ts";

/** The score s(x, sigma) of a batch, in the shape of x; sigma is per sample, [B]. */
export type Score = (x: Tensor, sigma: Tensor) => Tensor;

export interface ObjectiveInputs {
  /** Clean data [B,...]. */
  readonly x: Tensor;
  /** Noise level of each sample, [B]. */
  readonly sigma: Tensor;
  /** The random tensors that the objective asked for, each in the shape of x. */
  readonly draws: Readonly<Record<string, Tensor>>;
}

export interface Objective {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** Random inputs by name, each in the shape of the data. */
  readonly draws: Readonly<Record<string, Extract<Feed, "normal" | "rademacher" | "uniform">>>;
  /** The loss of each sample, [B], averaged over its dimensions. */
  loss(score: Score, inputs: ObjectiveInputs): Tensor;
}
