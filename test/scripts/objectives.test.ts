// Every objective learns the true score of the blurred density, on three kinds of density, to a stated relative error.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import type { ObjectiveName } from "../../lib/author/objectives/index.ts";
import { openDataset } from "../../lib/data/open.ts";
import { openDevice } from "../../lib/run/device.ts";
import { comparable, contender } from "../../scripts/cli/comparison.ts";
import { shownSigmas } from "../../scripts/cli/field-figures.ts";
import { presetOf, unchosen } from "../../scripts/cli/prepare.ts";
import { noiseFor } from "../../scripts/recipes/noise.ts";
import { suggestFor } from "../../scripts/recipes/suggest-for.ts";

const device = await openDevice(ort, "cpu");

async function errorsOf(data: string, objective: ObjectiveName, steps: number | undefined) {
  const { density, ...dataset } = await openDataset(data);
  const made = { ...unchosen, data, steps, seed: 0 };
  const suggestion = await suggestFor(dataset, presetOf(made));
  const sigmas = shownSigmas(noiseFor(made, presetOf(made), suggestion).noise);
  const signal = new AbortController().signal;
  const comparison = {
    ort,
    device,
    dataset: { ...dataset, density: density! },
    suggestion,
    choice: made,
    sigmas,
    plot: false,
    signal,
  };
  return (await contender(comparison, objective))!.errors;
}

/**
 * E‖s - s*‖² / E‖s*‖² at a tenth of the data's own size, a third of it, and all of it, after 1,500 steps; a score of zero has 1.
 * Contrastive divergence knows one level, and is held to the first limit.
 */
const limits = {
  mixture: [0.15, 0.12, 0.05],
  "swiss-roll": [0.5, 0.2, 0.05],
  checkerboard: [0.6, 0.2, 0.05],
};

/** The energy with one hidden layer, for which the diagonal is exact, learns what is smooth and misses what is fine. */
const shallow = { mixture: [0.5, 0.4, 0.05], "swiss-roll": [1.1, 0.8, 0.05], checkerboard: [1.1, 0.8, 0.06] };

for (const data of Object.keys(limits) as (keyof typeof limits)[])
  describe(data, () => {
    test.each(comparable)("%s", async (objective) => {
      const errors = await errorsOf(data, objective, 1500);
      const allowed = (objective === "implicit-diagonal" ? shallow : limits)[data];
      for (const [i, { error }] of errors.entries()) expect(error).toBeLessThan(allowed[i]!);
    });
  });

test("denoising with the preset's own 4,000 steps: 0.05 on the mixture at every level", async () => {
  const errors = await errorsOf("mixture", "denoising", undefined);
  expect(errors).toHaveLength(3);
  for (const { error } of errors) expect(error).toBeLessThan(0.05);
});
