// Micro-batches: the same samples, noise, losses and weights as the whole batch at once, resumed to the bit, in every kind of training.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { parseManifest } from "../../lib/artifact/manifest.ts";
import type { Authored } from "../../lib/author/author.ts";
import type { Network } from "../../lib/author/denoiser.ts";
import { add } from "../../lib/author/graph/ops.ts";
import { batchSource } from "../../lib/data/batches.ts";
import { openBuiltin } from "../../lib/data/builtins.ts";
import { UserError } from "../../lib/errors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { type StepReport, Trainer, type TrainerOptions } from "../../lib/run/train.ts";
import { presets } from "../../models/presets.ts";
import { authorModel, type ModelRecipe } from "../../scripts/recipes/author-model.ts";
import { suggestFor } from "../../scripts/recipes/suggest-for.ts";
import { gaussianBatches } from "../support/gaussian-batches.ts";
import { convolutional, labelled, tinyFiles } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const seed = 4;
const { lowering } = device;

interface Model {
  readonly authored: Authored;
  readonly batches: TrainerOptions["batches"];
}

type Recipe = Pick<ModelRecipe, "preset" | "objective" | "times" | "batch">;

/** A preset on its own data, in micro-batches. */
const presetModel =
  ({ preset, ...choice }: Recipe) =>
  async (microBatch?: number): Promise<Model> => {
    const source = presets[preset].data;
    const dataset = openBuiltin(source, seed)!;
    const recipe = { preset, ...choice, microBatch, source, opening: {}, steps: 100, lowering };
    const authored = authorModel(recipe, dataset, await suggestFor(dataset, presets[preset]));
    return { authored, batches: batchSource(dataset, seed, authored.manifest.batch) };
  };

/** Convolutions of images whose classes are hidden half of the time, and a number for each class. */
const classed: Network = (p, inputs) => add(convolutional(p, inputs), labelled(p, inputs));
async function images(microBatch?: number): Promise<Model> {
  const data = { source: "g", shape: [1, 4, 4], classes: 3, unconditional: 0.5, options: {} };
  const split = microBatch === undefined ? {} : { microBatch };
  const authored = tinyFiles({ network: { score: classed }, data, batch: 12, ...split, lowering });
  const pixels = gaussianBatches(12 * 16, 0.5);
  const labels = Int32Array.from({ length: 12 }, (_, i) => i % 3);
  return { authored, batches: async (step) => ({ ...(await pixels(step)), labels }) };
}

function trainerOf({ authored: { manifest, files }, batches }: Model, more: Partial<TrainerOptions> = {}) {
  const artifact = { manifest, where: "test", read: async (file: string) => files.get(file)! };
  return Trainer.create({ ort, device, artifact, seed, batches, ...more });
}

async function collect(steps: AsyncIterable<StepReport>): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of steps) reports.push(report);
  return reports;
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

const byLosses = { preset: "density-iddpm", times: "loss-second-moment", batch: 512 } as const;
describe.each([
  ["images with classes, some of them hidden", images, 4],
  ["points by slices, one by one", presetModel({ preset: "density", objective: "sliced", batch: 3 }), 1],
  ["times drawn by their losses", presetModel(byLosses), 128],
  [
    "an energy with chains that persist",
    presetModel({ preset: "density-energy", objective: "contrastive-divergence", batch: 24 }),
    8,
  ],
  ["a diffusion", presetModel({ preset: "diffusion-2015", batch: 24 }), 8],
] as const)("%s", (_, model, microBatch) => {
  test("takes the steps of the whole batch, and resumes to the bit", async () => {
    const [whole, split] = [await model(), await model(microBatch)];
    expect(split.authored.manifest.graphs.step.file).toBe("accumulate_model.onnx");
    await using one = await trainerOf(whole);
    const expected = await collect(one.steps(12));
    await using parts = await trainerOf(split);
    const first = await collect(parts.steps(7));
    await using resumed = await trainerOf(split, { start: await parts.read() });
    const reports = [...first, ...(await collect(resumed.steps(12)))];
    for (const [i, { loss, gradientNorm, ...rest }] of reports.entries()) {
      const { loss: wanted, gradientNorm: norm, ...others } = expected[i]!;
      expect(Math.abs(loss - wanted) / Math.max(1, Math.abs(wanted))).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm / norm - 1)).toBeLessThan(1e-5);
      expect({ ...rest, seconds: 0 }).toEqual({ ...others, seconds: 0 });
    }
    const [found, wanted] = [(await resumed.read()).tensors, (await one.read()).tensors];
    expect(Object.keys(found)).toEqual(Object.keys(wanted));
    // AdamW divides by the gradient's own size, so that its last bits are seen where it is small: by a twentieth of a step in twelve.
    for (const [name, vector] of Object.entries(wanted))
      expect(furthest(found[name]!, vector)).toBeLessThan(1e-4);
    await collect(parts.steps(12));
    expect((await parts.read()).tensors).toEqual(found);
  });
});

test("evaluation goes by micro-batches as well", async () => {
  await using one = await trainerOf(await images());
  await using parts = await trainerOf(await images(4));
  const data = { ...(await gaussianBatches(10 * 16, 0.5)(5)), labels: new Int32Array(10).fill(1) };
  const [expected, found] = [await one.evaluate(data), await parts.evaluate(data)];
  for (const [i, { loss }] of found.entries())
    expect(Math.abs(loss / expected[i]!.loss - 1)).toBeLessThan(1e-6);
});

test("one micro-batch that is not finite spoils its step and no other", async () => {
  const model = await images(4);
  const batches = async (step: number) => {
    const { x, labels } = await model.batches(step);
    // The last pixel is of the last micro-batch, and the first of the next step begins the sum anew.
    return { x: step === 1 ? x.with(-1, Number.NaN) : x, labels };
  };
  await using trainer = await trainerOf({ ...model, batches });
  await collect(trainer.steps(1));
  const before = await trainer.read();
  const [lost] = await collect(trainer.steps(2));
  expect(lost).toMatchObject({ loss: Number.NaN, skipped: 1 });
  expect((await trainer.read()).tensors).toEqual(before.tensors);
  const [next] = await collect(trainer.steps(3));
  expect(next!.skipped).toBe(1);
  expect(Number.isFinite(next!.loss) && Number.isFinite(next!.gradientNorm)).toBe(true);
});

test("a batch that micro-batches do not make up is refused, by the recipe and by the manifest", async () => {
  const model = presetModel({ preset: "density", batch: 20 });
  await expect(model(8)).rejects.toThrow(
    new UserError("--micro-batch: expected a divisor of the batch, 20, got 8; take 5"),
  );
  expect((await model(20)).authored.manifest).not.toContainKey("microBatch");
  const { manifest } = (await model(5)).authored;
  const json = JSON.parse(JSON.stringify(manifest));
  expect(parseManifest(json, "m")).toEqual(manifest);
  expect(() => parseManifest({ ...json, microBatch: 6 }, "m")).toThrow(
    "m: microBatch: expected a divisor of the batch, 20, got 6",
  );
});
