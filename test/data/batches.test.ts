// Which samples each training step sees.

import { expect, test } from "bun:test";
import { epochIndices } from "../../lib/data/batches.ts";
import type { Dataset } from "../../lib/data/dataset.ts";

const sized = (size: number): Dataset => ({
  name: "d",
  shape: [1, 1, 1],
  size,
  classes: 0,
  read: async () => {},
});
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

test("endless data is read in order", () => {
  expect(epochIndices(sized(Number.POSITIVE_INFINITY), 7, 3, 4)).toEqual([12, 13, 14, 15]);
});

test("each epoch shows every sample once, whatever the batch, and in another order", () => {
  const dataset = sized(10);
  const seen = Array.from({ length: 20 }, (_, step) => epochIndices(dataset, 1, step, 3)).flat();
  const epochs = Array.from({ length: 6 }, (_, e) => seen.slice(10 * e, 10 * e + 10));
  for (const epoch of epochs) expect(sorted(epoch)).toEqual(sorted(Array.from(seen.keys()).slice(0, 10)));
  expect(new Set(epochs.map(String)).size).toBe(6);
});

test("a batch may hold several epochs", () => {
  const batch = epochIndices(sized(3), 1, 5, 9);
  expect(sorted(batch)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2]);
});

test("a step's samples depend on seed and step alone, not on what was asked before", () => {
  const dataset = sized(1000);
  const steps = Array.from({ length: 40 }, (_, step) => epochIndices(dataset, 5, step, 64));
  for (const step of [39, 0, 16, 15, 31])
    expect(epochIndices(sized(1000), 5, step, 64)).toEqual(steps[step]!);
  expect(epochIndices(dataset, 6, 0, 64)).not.toEqual(steps[0]!);
});

test("a late step costs no more than an early one", () => {
  const dataset = sized(50_000);
  const time = (step: number): number => {
    const start = performance.now();
    epochIndices(dataset, 0, step, 64);
    return performance.now() - start;
  };
  time(0);
  const first = time(50_000);
  expect(time(10_000_000)).toBeLessThan(50 * first + 100);
});
