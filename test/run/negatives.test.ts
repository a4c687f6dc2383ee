// Maximum likelihood with Langevin negatives finds the density, resumes to the bit, and lives through chains that are lost.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import type { NegativesEntry } from "../../lib/artifact/manifest.ts";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { loadNewestCheckpoint, saveCheckpoint } from "../../lib/run/checkpoint.ts";
import { openDevice } from "../../lib/run/device.ts";
import { Field } from "../../lib/run/field.ts";
import { sample } from "../../lib/run/sample.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { type StepReport, Trainer, type TrainerOptions } from "../../lib/run/train.ts";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";
import { langevinStep } from "../../lib/theory/samplers/sampler.ts";
import { energyMlp } from "../../models/mlp.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const batch = 128;
const truth = GaussianMixture.of([
  { weight: 0.3, mean: [-1.2], covariance: 0.16 },
  { weight: 0.7, mean: [0.9], covariance: 0.25 },
]);
const batches = async (step: number) => ({
  x: Float32Array.from({ length: batch }, (_, i) => truth.sample(stream(3, "data", step * batch + i))[0]!),
});

/** Numbers that describe a law on the line: mean, variance, and how much of it lies left of the valley. */
interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly left: number;
}

function momentsOf(points: ArrayLike<number>, weights: ArrayLike<number>): Moments {
  const total = Array.from(weights).reduce((a, b) => a + b);
  const average = (f: (x: number) => number) =>
    Array.from(points).reduce((sum, x, i) => sum + f(x) * weights[i]!, 0) / total;
  const mean = average((x) => x);
  return { mean, variance: average((x) => (x - mean) ** 2), left: average((x) => Number(x < -0.25)) };
}

// Midpoints of 400 intervals on [-4, 4], outside of which the mixture has less than 1e-9.
const grid = Float32Array.from({ length: 400 }, (_, i) => -4 + (i + 0.5) / 50);
const expected = momentsOf(
  grid,
  Array.from(grid, (x) => Math.exp(truth.logpdf([x]))),
);
const spread = Math.sqrt(expected.variance);

const shared = { stepsPerRun: 20, steps: 20, stepSize: 0.02, noise: 0.2, limit: null, range: null };
const prior = { kind: "normal", std: spread } as const;
const starts = {
  "short-run": { start: "short-run", ...shared, prior },
  persistent: { start: "persistent", ...shared, prior, buffer: 1024, restart: 0.05 },
  "contrastive-divergence": { start: "contrastive-divergence", ...shared },
} as const satisfies Record<NegativesEntry["start"], NegativesEntry>;

/** A perceptron of one or two layers as the energy of points on a line. */
function energyArtifact(negatives: NegativesEntry, hidden = [32, 32], size = batch): Artifact {
  return tinyArtifact({
    network: {
      energy: energyMlp({
        in_features: 1,
        hidden,
        act_fn: "silu",
        frequencies: [],
        noise_conditional: false,
      }),
    },
    objective: "contrastive-divergence",
    negatives,
    noise: {
      preconditioning: "score",
      weighting: "uniform",
      schedule: { name: "edm" },
      training: { kind: "ladder" as const },
      sigmas: [0],
      sigmaData: spread,
    },
    data: { source: "mixture", shape: [1], classes: 0, options: {} },
    batch: size,
    optimizer: {
      kind: "adamw",
      learningRate: 0.01,
      warmupSteps: 20,
      decay: "cosine",
      totalSteps: 700,
      weightDecay: 0,
      clipNorm: 1,
      betas: [0.5, 0.99],
      epsilon: 1e-8,
    },
    samplingBatches: [500],
  });
}

const trainerFor = (artifact: Artifact, more: Partial<TrainerOptions> = {}) =>
  Trainer.create({ ort, device, artifact, seed: 5, batches, ...more });

async function collect(steps: AsyncIterable<StepReport>): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for await (const report of steps) reports.push(report);
  return reports;
}

const bits = (floats: Float32Array | undefined) =>
  floats && [...new Uint32Array(floats.buffer, floats.byteOffset, floats.length)];

describe("on a known mixture of two Gaussians", () => {
  async function trained(negatives: NegativesEntry) {
    const artifact = energyArtifact(negatives);
    await using trainer = await trainerFor(artifact);
    const last = (await collect(trainer.steps(700))).at(-1)!;
    expect(last.skipped).toBe(0);
    return { artifact, weights: await trainer.readVector("ema") };
  }

  /** The density's moments, by summing exp(-E) over the grid, and its energies less the true ones at a few points. */
  async function learned({ artifact, weights }: Awaited<ReturnType<typeof trained>>) {
    await using field = await Field.open({ ort, device, artifact, weights });
    const energies = async (points: Float32Array) => (await field.at(points, 0)).energy!;
    const onGrid = await energies(grid);
    const lowest = Math.min(...onGrid);
    const moments = momentsOf(
      grid,
      onGrid.map((energy) => Math.exp(lowest - energy)),
    );
    const points = Float32Array.of(0.9, -1.2, -0.3, 0.3, 1.7);
    const offsets = (await energies(points)).map((energy, i) => energy + truth.logpdf([points[i]!]));
    return { moments, errors: Array.from(offsets, (offset) => Math.abs(offset - offsets[0]!)) };
  }

  // Langevin steps of 0.02 widen a component of variance 0.16 by 1/(1 - 0.02/0.32), 7 %, which the energy makes up for.
  for (const start of ["persistent", "contrastive-divergence"] as const)
    test(`${start}: moments of exp(-E) to a few percent, energy differences to 0.35`, async () => {
      const { moments, errors } = await learned(await trained(starts[start]));
      expect(Math.abs(moments.mean - expected.mean)).toBeLessThan(0.07);
      expect(Math.abs(moments.variance / expected.variance - 1)).toBeLessThan(0.07);
      expect(Math.abs(moments.left - expected.left)).toBeLessThan(0.03);
      expect(Math.max(...errors)).toBeLessThan(0.35);
    }, 30_000);

  test("short-run: the sampler of so many steps is right, the density is not", async () => {
    // The prior leaves 0.4 left of the valley and few chains cross it, so that the energy learns to push harder than it should.
    const model = await trained(starts["short-run"]);
    const { moments, errors } = await learned(model);
    expect(moments.left).toBeLessThan(expected.left / 2);
    expect(Math.max(...errors)).toBeGreaterThan(1);
    const steps = Array.from({ length: shared.steps }, () => langevinStep(0, shared.stepSize));
    const run = { ort, device, ...model, steps, initialSigma: spread, count: 2000, seed: 8 };
    const points = new Float32Array(run.count);
    for await (const progress of sample(run))
      if (progress.step === progress.steps) points.set(await progress.x(), progress.first);
    // 2000 samples: a standard error of 0.024 for the mean and 0.010 for the share; the rest is the training's.
    const drawn = momentsOf(points, new Float32Array(run.count).fill(1));
    expect(Math.abs(drawn.mean - expected.mean)).toBeLessThan(0.15);
    expect(Math.abs(drawn.left - expected.left)).toBeLessThan(0.06);
  }, 30_000);
});

/** Few small chains, for what does not need a good model. */
const few = { ...starts.persistent, steps: 4, stepsPerRun: 2, buffer: 2 * batch, restart: 0.1 } as const;

describe("chains", () => {
  let run: string;
  beforeEach(async () => {
    run = await fs.mkdtemp(join(tmpdir(), "langevin-negatives-"));
  });
  afterEach(() => fs.rm(run, { recursive: true, force: true }));

  test("go on from a checkpoint as if it had not happened, to the bit", async () => {
    const artifact = energyArtifact(few, [8]);
    await using whole = await trainerFor(artifact);
    await collect(whole.steps(9));
    await using first = await trainerFor(artifact);
    await collect(first.steps(5));
    await saveCheckpoint(run, artifact.manifest, await first.read());
    const start = (await loadNewestCheckpoint(run, artifact.manifest))!.state;
    await using second = await trainerFor(artifact, { start });
    await collect(second.steps(9));
    const [found, wanted] = [await second.read(), await whole.read()];
    expect(Object.keys(wanted.tensors)).toEqual(["params", "ema", "m", "v", "negatives"]);
    for (const [name, tensor] of Object.entries(wanted.tensors))
      expect(bits(found.tensors[name])).toEqual(bits(tensor)!);
  });

  test("are asked of a checkpoint: one without them, or with others, is refused in one line", async () => {
    const without = energyArtifact({ ...shared, start: "contrastive-divergence" }, [8]);
    const smaller = energyArtifact({ ...few, buffer: batch }, [8]);
    for (const artifact of [without, smaller]) {
      await using trainer = await trainerFor(artifact);
      await saveCheckpoint(run, artifact.manifest, await trainer.read());
      const wanted = energyArtifact(few, [8]).manifest;
      const problem = await loadNewestCheckpoint(run, wanted).catch((error: unknown) => error);
      expect(problem).toBeInstanceOf(UserError);
      expect((problem as Error).message).toMatch(
        /^[^\n]*optimizer\.safetensors: expected negatives as F32 \[256,1\][^\n]*$/,
      );
      await fs.rm(join(run, "checkpoints"), { recursive: true });
    }
    await using trainer = await trainerFor(without);
    const { params, ema, m, v } = (await trainer.read()).tensors;
    const start = { step: 1, skipped: 0, tensors: { params: params!, ema: ema!, m: m!, v: v! } };
    await expect(trainerFor(energyArtifact(few, [8]), { start })).rejects.toThrow(
      '"negatives" expected 256 floats, got none',
    );
  });

  test("are the same one step at a time and several steps in one run", async () => {
    const after = async (stepsPerRun: number) => {
      await using trainer = await trainerFor(energyArtifact({ ...few, stepsPerRun }, [8]));
      await collect(trainer.steps(3));
      return (await trainer.read()).tensors;
    };
    const [single, block] = [await after(1), await after(4)];
    for (const name of ["params", "negatives"])
      for (const [i, value] of single[name]!.entries())
        expect(Math.abs(value - block[name]![i]!)).toBeLessThan(1e-5);
  });

  // Chains that do not move, so that a restarted one shows.
  const still = { ...few, stepSize: 1e-30, noise: 0, prior: { kind: "constant", value: 7 } } as const;

  test("restart at the stated rate", async () => {
    const rounds = { ...still, buffer: 25 * batch };
    const artifact = energyArtifact(rounds, [8]);
    await using trainer = await trainerFor(artifact);
    const { tensors } = await trainer.read();
    tensors.negatives!.fill(3);
    await using later = await trainerFor(artifact, { start: { step: 25, skipped: 0, tensors } });
    await collect(later.steps(50));
    const chains = (await later.read()).tensors.negatives!;
    const restarted = chains.filter((value) => value === 7).length;
    expect(chains.filter((value) => value === 3).length).toBe(3200 - restarted);
    // 3200 chains at a rate of 0.1: a standard error of 17; 68 are four, exceeded once in 16,000.
    expect(Math.abs(restarted - 320)).toBeLessThan(68);
  });

  test("all begin in the first round, a batch's worth at each step", async () => {
    await using trainer = await trainerFor(energyArtifact({ ...still, buffer: 300 }, [8]));
    const begun = async () => (await trainer.read()).tensors.negatives!.filter((value) => value === 7).length;
    for (const [step, count] of [128, 256, 300].entries()) {
      await collect(trainer.steps(step + 1));
      expect(await begun()).toBe(count);
    }
  });

  test("that are lost begin anew, and spoil neither their step nor later ones", async () => {
    const artifact = energyArtifact({ ...few, restart: 0 }, [8]);
    await using trainer = await trainerFor(artifact);
    const { tensors } = await trainer.read();
    const negatives = tensors.negatives!.fill(0.5);
    const poison = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e30];
    for (const [i, value] of poison.entries()) negatives[10 * i] = value;
    await using later = await trainerFor(artifact, { start: { step: 2, skipped: 0, tensors } });
    const reports = await collect(later.steps(6));
    expect(reports.map(({ skipped }) => skipped)).toEqual([0, 0, 0, 0]);
    const chains = (await later.read()).tensors.negatives!;
    // A standard normal beyond 6 of its deviations has a chance of 2e-9.
    expect(chains.every((value) => Math.abs(value) < 8)).toBe(true);
  });
});

test("chains that start at the data and do not move are the data: the loss is the regulariser alone", async () => {
  const still = { ...starts["contrastive-divergence"], steps: 1, stepsPerRun: 1, stepSize: 1e-30, noise: 0 };
  const artifact = energyArtifact(still, [8]);
  await using trainer = await trainerFor(artifact);
  const weights = await trainer.readVector("params");
  await using field = await Field.open({ ort, device, artifact, weights });
  const { energy } = await field.at((await batches(0)).x, 0);
  const [report] = await collect(trainer.steps(1));
  const squares = energy!.reduce((sum, value) => sum + value ** 2, 0) / batch;
  expect(report!.loss / squares).toBeCloseTo(2e-3, 5);
  await expect(trainer.evaluate(await batches(1))).rejects.toThrow(/^evaluate: objective "contrastive/);
});
