// Which samples of a dataset each training step sees.
import { permutation } from "../random.ts";
import type { Dataset } from "./dataset.ts";

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

/** Reads a step's batch into the same buffers every time; the trainer has copied them before it asks for the next. */
export function batchSource(dataset: Dataset, seed: number, batch: number) {
  const x = new Float32Array(batch * dataset.shape.reduce((size, each) => size * each, 1));
  const labels = new Int32Array(batch);
  return async (step: number) => {
    await dataset.read(epochIndices(dataset, seed, step, batch), x, labels);
    return { x, labels };
  };
}
