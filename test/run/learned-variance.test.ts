// Learned variances: on Gaussian data they become those of the closed form, samples of few steps are then right, and importance changes no mean.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import type { Network } from "../../lib/author/denoiser.ts";
import { constant } from "../../lib/author/graph/constant.ts";
import { add, cast, concat, expand, gather, less, mul, reshape } from "../../lib/author/graph/ops.ts";
import { loadNewestCheckpoint, saveCheckpoint } from "../../lib/run/checkpoint.ts";
import { openDevice } from "../../lib/run/device.ts";
import { Field } from "../../lib/run/field.ts";
import { sample } from "../../lib/run/sample.ts";
import { type StepReport, Trainer, type TrainerOptions } from "../../lib/run/train.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import type { SamplerOptions, Step } from "../../lib/theory/samplers/sampler.ts";
import { learnedLogVariance } from "../../lib/theory/schedules/discrete-schedule.ts";
import { openSchedule } from "../../lib/theory/schedules/index.ts";
import type { SigmaDistribution } from "../../lib/theory/sigma-distribution.ts";
import { gaussianBatches } from "../support/gaussian-batches.ts";
import { reverseFraction, reverseVariance } from "../support/gaussian-reverse.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const [steps, std, dimensions, batch] = [8, 0.5, 4, 64];
const record = { name: "cosine", steps } as const;
const schedule = openSchedule(record);
const chain = schedule.discrete!;
const times = Array.from({ length: steps }, (_, i) => i + 1);
const sigmas = times.toReversed().map(schedule.level);

/** Between the noise labels ln(sigma)/4 of neighbouring times. */
const borders = times.slice(1).map((t) => Math.log(schedule.level(t) * schedule.level(t - 1)) / 8);

/** A mean of nothing, with which EDM's preconditioning is the best denoiser of N(0, sigmaData²), and a raw variance for each time. */
const tabled: Network = (p, { x, noise }) => {
  const table = p.get("table", [steps], { kind: "constant", value: 0 });
  const past = borders.map((border) => cast(less(constant(Float32Array.of(border)), noise), "float32"));
  const index = cast(past.reduce(add), "int32");
  const raw = reshape(gather(table, index), [-1, 1]);
  return concat([mul(x, 0), expand(raw, x.shape)], 1);
};

type Times = Extract<SigmaDistribution, { kind: "schedule" }> | { kind: "loss-second-moment"; steps: number };

function gaussian(objective: "hybrid" | "vlb", training: Times, learningRate = 0.05) {
  const byLosses = { history: 2, uniform: 0.01 };
  return tinyArtifact({
    network: { score: tabled },
    objective,
    noise: {
      preconditioning: "edm",
      weighting: "sigma-squared",
      schedule: record,
      training: training.kind === "schedule" ? training : { ...training, ...byLosses },
      sigmas,
      sigmaData: std,
    },
    data: { source: "gaussian", shape: [dimensions], classes: 0, options: {} },
    batch,
    optimizer: {
      kind: "adamw",
      learningRate,
      warmupSteps: 5,
      decay: "cosine",
      totalSteps: 500,
      weightDecay: 0,
      clipNorm: 1,
      betas: [0.9, 0.99],
      epsilon: 1e-8,
    },
    samplingBatches: [500],
  });
}

const uniform = { kind: "schedule" } as const;
const byLoss = { kind: "loss-second-moment", steps } as const;
type Artifact = ReturnType<typeof gaussian>;

const trainerFor = (artifact: Artifact, more: Partial<TrainerOptions> = {}) =>
  Trainer.create({
    ort,
    device,
    artifact,
    seed: 5,
    batches: gaussianBatches(batch * dimensions, std),
    ...more,
  });

async function collect(reports: AsyncIterable<StepReport>): Promise<StepReport[]> {
  const all: StepReport[] = [];
  for await (const report of reports) all.push(report);
  return all;
}

const bits = (floats: Float32Array | undefined) => floats && [...new Uint32Array(floats.buffer)];

test.each([
  ["hybrid", uniform],
  ["vlb", byLoss],
] as const)("%s finds the variances of q(x_(t-1) | x_t)", async (objective, training) => {
  await using trainer = await trainerFor(gaussian(objective, training));
  const last = (await collect(trainer.steps(500))).at(-1)!;
  expect(last.skipped).toBe(0);
  const table = await trainer.readVector("ema");
  for (const t of times) {
    const found = learnedLogVariance(chain, t, (table[t - 1]! + 1) / 2);
    // Some ten thousand values of each time in the average: a standard error of 0.014 in the logarithm.
    expect(Math.abs(found - Math.log(reverseVariance(chain, t, std ** 2)))).toBeLessThan(0.08);
  }
});

/** Raw variances that are the closed form's. */
const best = Float32Array.from(times, (t) => 2 * reverseFraction(chain, t, std ** 2) - 1);

describe("ancestral sampling in eight steps", () => {
  const artifact = gaussian("hybrid", uniform);
  const count = 5000;

  const stepsOf = (variance: SamplerOptions["variance"]) => {
    const options = { sigmas, stepsPerLevel: 1, steps, stepSize: 1, sigmaData: std, denoise: true };
    return [...samplers.ancestral.steps({ ...options, variance, schedule })];
  };

  /** The variance of samples, and of each value's fourth moment the standard error. */
  async function drawn(variance: SamplerOptions["variance"]) {
    const points = new Float32Array(count * dimensions);
    const run = { ort, device, artifact, weights: best, steps: stepsOf(variance), count, seed: 3 };
    for await (const now of sample({ ...run, initialSigma: sigmas[0]! }))
      if (now.step === now.steps) points.set(await now.x(), now.first * dimensions);
    return points.reduce((sum, x) => sum + x ** 2, 0) / points.length;
  }

  /** The variance that linear steps have at their end, for the best denoiser. */
  const predicted = (walk: readonly Step[]) =>
    walk.reduce((variance, { sigma, a, b, c }) => {
      const gain = std ** 2 / (std ** 2 + sigma ** 2);
      return (a + b * gain) ** 2 * variance + c ** 2;
    }, sigmas[0]! ** 2);

  // 20,000 values: a standard error of 1 %.
  test("has the data's variance, less what the last denoising takes, with learned variances alone", async () => {
    const truth = std ** 4 / (std ** 2 + schedule.level(1) ** 2);
    expect(Math.abs((await drawn("learned")) / truth - 1)).toBeLessThan(0.04);
    for (const variance of ["posterior", "forward"] as const) {
      const wanted = predicted(stepsOf(variance));
      expect(Math.abs((await drawn(variance)) / wanted - 1)).toBeLessThan(0.04);
      expect(Math.abs(wanted / truth - 1)).toBeGreaterThan(0.1);
    }
  });

  test("takes the learned fraction from the network, at every point", async () => {
    await using field = await Field.open({ ort, device, artifact, weights: best });
    const points = new Float32Array(steps * dimensions).fill(0.3);
    const levels = times.map(schedule.level);
    const { fraction, denoised } = await field.denoised(points, { sigmas: levels });
    for (const [at, value] of fraction!.entries()) {
      const t = 1 + Math.floor(at / dimensions);
      expect(value).toBeCloseTo(reverseFraction(chain, t, std ** 2), 5);
      const gain = std ** 2 / (std ** 2 + levels[t - 1]! ** 2);
      expect(denoised[at]).toBeCloseTo(0.3 * gain, 5);
    }
  });
});

describe("times by their losses", () => {
  const artifact = gaussian("vlb", byLoss);
  // 8 times of 2 losses are full after a few steps of 64: one checkpoint before that, and one after.
  test.each([1, 6])("a run goes on from step %d as if it had not stopped, to the bit", async (stop) => {
    using folder = new TemporaryFolder();
    await using whole = await trainerFor(artifact);
    await collect(whole.steps(12));
    await using first = await trainerFor(artifact);
    await collect(first.steps(stop));
    await saveCheckpoint(folder.path, artifact.manifest, await first.read());
    const start = (await loadNewestCheckpoint(folder.path, artifact.manifest))!.state;
    await using second = await trainerFor(artifact, { start });
    await collect(second.steps(12));
    const [found, wanted] = [await second.read(), await whole.read()];
    expect(Object.keys(wanted.tensors)).toEqual(["params", "ema", "m", "v", "losses", "loss_counts"]);
    for (const [name, tensor] of Object.entries(wanted.tensors))
      expect(bits(found.tensors[name])).toEqual(bits(tensor)!);
    expect(wanted.tensors.loss_counts!.every((n) => n === 2)).toBe(true);
  });

  test("change the mean of no loss, and take from its spread", async () => {
    // Weights stand still, so that every step estimates the same number.
    const still = 1e-30;
    const losses = async (training: Times) => {
      await using trainer = await trainerFor(gaussian("vlb", training, still));
      const all = (await collect(trainer.steps(400))).slice(20).map(({ loss }) => loss);
      const mean = all.reduce((sum, loss) => sum + loss, 0) / all.length;
      const squares = all.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
      const variance = squares / (all.length - 1);
      return { mean, variance, error: Math.sqrt(variance / all.length) };
    };
    const [plain, important] = [await losses(uniform), await losses(byLoss)];
    // Four standard errors: a false alarm in 15,000 seeds.
    const error = Math.hypot(plain.error, important.error);
    expect(Math.abs(plain.mean - important.mean)).toBeLessThan(4 * error);
    expect(important.variance).toBeLessThan(0.8 * plain.variance);
  });

  test("ask for a chain as long as the manifest says", async () => {
    const other = gaussian("vlb", { ...byLoss, steps: 9 });
    await expect(trainerFor(other)).rejects.toThrow(
      'expected a chain of 9 steps, the schedule "cosine" has 8',
    );
  });
});
