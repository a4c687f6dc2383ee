// What a dataset is, and which of its samples each training step sees.

import { permutation } from "../random.ts";

/** Images of one shape, read by index: the same index gives the same image, whatever is read with it. */
export interface Dataset {
  readonly name: string;
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Number of samples; Infinity when endless. */
  readonly size: number;
  /** Number of labels 0..classes-1; 0 when unlabelled. */
  readonly classes: number;
  /** Writes the images one after another as [N,C,H,W] in [-1,1], and their labels where the set has some. */
  read(indices: readonly number[], images: Float32Array, labels?: Int32Array): Promise<void>;
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
