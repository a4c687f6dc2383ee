// What a dataset is, and which of its samples each training step sees.

import { permutation } from "../random.ts";
import type { GaussianMixture } from "../theory/gaussian-mixture.ts";

/** Images or points of one shape, read by index: the same index gives the same sample, whatever is read with it. */
export interface Dataset {
  readonly name: string;
  /** [C,H,W] for images in [-1,1], [D] for points in their own units. */
  readonly shape: readonly number[];
  /** Number of samples; Infinity when endless. */
  readonly size: number;
  /** Number of labels 0..classes-1; 0 when unlabelled. */
  readonly classes: number;
  /** The law that the samples follow, where it is known. */
  readonly density?: KnownDensity;
  /** The units of the points' source. */
  readonly units?: Units;
  /** Writes the samples one after another as [N,...shape], and their labels where the set has some. */
  read(indices: readonly number[], samples: Float32Array, labels?: Int32Array): Promise<void>;
}

export interface ImageDataset extends Dataset {
  readonly shape: readonly [channels: number, height: number, width: number];
}

/** "exact": the law in closed form; "empirical": the data are these points, and blurred by sigma > 0 their law is this mixture. */
export interface KnownDensity {
  readonly form: "exact" | "empirical";
  readonly mixture: GaussianMixture;
}

/** What column d was in the source: offset[d] + scale[d] x[d]. */
export interface Units {
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

interface Epoch {
  readonly seed: number;
  readonly epoch: number;
  readonly order: readonly number[];
}

// The order of the epoch read last, so that a step costs its batch and not the dataset.
const lastEpoch = new WeakMap<object, Epoch>();

function epochOrder(dataset: Dataset, seed: number, epoch: number): readonly number[] {
  const last = lastEpoch.get(dataset);
  if (last?.seed === seed && last.epoch === epoch) return last.order;
  const order = permutation(seed, "epoch", dataset.size, epoch);
  lastEpoch.set(dataset, { seed, epoch, order });
  return order;
}

/**
 * The sample indices of training step `step` (from 0), a pure function of its arguments: endless data is read in order, finite
 * data in a new random order each epoch, and a batch may begin in one epoch and end in the next.
 */
export function epochIndices(dataset: Dataset, seed: number, step: number, batch: number): number[] {
  const first = step * batch;
  return Array.from({ length: batch }, (_, i) => {
    if (dataset.size === Number.POSITIVE_INFINITY) return first + i;
    const position = first + i;
    return epochOrder(dataset, seed, Math.floor(position / dataset.size))[position % dataset.size]!;
  });
}
