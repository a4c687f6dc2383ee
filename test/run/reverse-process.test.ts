// Trained diffusions: samples follow the law that the model has in closed form, whatever the batch; learned betas pay; a resumed run equals an unbroken one.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { betaOffsetsName } from "../../lib/artifact/diffusion.ts";
import type { DiffusionEntry } from "../../lib/artifact/manifest.ts";
import { namedParameters } from "../../lib/artifact/parameters.ts";
import type { Authoring } from "../../lib/author/author.ts";
import type { Network } from "../../lib/author/denoiser.ts";
import { add, concat, mul } from "../../lib/author/graph/ops.ts";
import { batchSource } from "../../lib/data/batches.ts";
import { builtins } from "../../lib/data/builtins.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { diffusionLaw } from "../../lib/run/diffusion-law.ts";
import { initialState } from "../../lib/run/initialize.ts";
import { ReverseProcess, sampleReverse } from "../../lib/run/reverse-process.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { Trainer } from "../../lib/run/train.ts";
import { type DiffusionBound, diffusionBound } from "../../lib/theory/diffusions/bound.ts";
import { learnedBetas } from "../../lib/theory/diffusions/learned-betas.ts";
import { estimate } from "../../lib/theory/estimate.ts";
import { mlpModel } from "../../models/model.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const host = { ort, device, seed: 7 };
const noise: Authoring["noise"] = {
  preconditioning: "score",
  weighting: "uniform",
  schedule: { name: "edm" },
  training: { kind: "ladder" },
  sigmas: [0],
  sigmaData: 1,
};

const artifactOf = (
  diffusion: DiffusionEntry,
  shape: number[],
  score: Network,
  settings: Partial<Authoring> = {},
): Artifact =>
  tinyArtifact({
    objective: "diffusion-bound",
    noise,
    diffusion,
    network: { score },
    data: { source: "test", shape, classes: 0, options: {} },
    ...settings,
  });

async function samplesOf(artifact: Artifact, weights: Float32Array, count: number, batch?: number) {
  const all: number[] = [];
  for await (const now of sampleReverse({ ...host, artifact, weights, count, batch }))
    if (now.step === now.steps) all.push(...(await now.x()));
  return all;
}

/** Answers one number, a parameter, whatever it sees. */
const constantNetwork: Network = (p, { x }) =>
  add(mul(x, 0), p.get("bias", [1], { kind: "constant", value: 0 }));

const silent: Network = (_, { x }) => mul(concat([x, x], 1), 0);

describe("samples", () => {
  // A network that says P(x_0 = 1) = p for each bit is the exact reverse of independent bits with that mean; the last step tosses 1/T.
  test("of independent bits are 1 as often as the network says, within 4 standard errors", async () => {
    const [T, p, count] = [20, 0.2, 8000];
    const artifact = artifactOf({ kernel: "binomial", steps: T }, [2], constantNetwork);
    const bits = await samplesOf(artifact, Float32Array.of(Math.log(p / (1 - p))), count / 2);
    // Two kernels' steps lie between the data and the samples: that of q, whose reverse starts at x_1, and that of p.
    const share = (p - 0.5) * (1 - 1 / T) ** 2 + 0.5;
    const found = estimate(Float64Array.from(bits, (bit) => (bit + 1) / 2));
    expect(Math.abs(found.mean - share)).toBeLessThan(4 * found.error);
    expect(new Set(bits)).toEqual(new Set([-1, 1]));
  });

  // N(0, 1) stays what it is, and its reverse is the kernel itself, which a network that says nothing leaves as it is.
  test("of a silent Gaussian diffusion are standard normal, within 4 standard errors", async () => {
    const artifact = artifactOf({ kernel: "gaussian", steps: 10, firstBeta: 0.01 }, [2], silent);
    const x = Float64Array.from(await samplesOf(artifact, new Float32Array(9), 4000));
    const [first, second] = [estimate(x), estimate(x.map((value) => value ** 2))];
    expect(Math.abs(first.mean)).toBeLessThan(4 * first.error);
    expect(Math.abs(second.mean - 1)).toBeLessThan(4 * second.error);
  });

  test("of a seed are the same in whatever company", async () => {
    for (const [kernel, score] of [
      ["gaussian", silent],
      ["binomial", constantNetwork],
    ] as const) {
      const artifact = artifactOf({ kernel, steps: 5, firstBeta: 0.01 } as DiffusionEntry, [3], score);
      const weights = new Float32Array(artifact.manifest.parameterCount).fill(0.1);
      const [seven, one] = [await samplesOf(artifact, weights, 7), await samplesOf(artifact, weights, 7, 2)];
      expect(seven).toEqual(one);
    }
  });
});

/** Mean K in bits of samples under a model. */
async function boundOf(artifact: Artifact, weights: Float32Array, x: Float32Array): Promise<number> {
  const [dimensions, law] = [artifact.manifest.data.shape[0]!, diffusionLaw(artifact.manifest, weights)];
  await using process = await ReverseProcess.open({ ...host, artifact, weights });
  let whole: DiffusionBound | undefined;
  for await (whole of diffusionBound({
    law,
    x,
    dimensions,
    reverse: (rows) => process.at(rows),
    times: law.steps - 1,
    rows: 256,
    random: Array.from({ length: x.length / dimensions }, (_, i) => stream(2, "bound", i)),
  }));
  const { divergences, end, start, prior } = whole!;
  return estimate(
    end.map(
      (value, i) => value - start[i]! - prior[i]! - divergences.reduce((sum, { bits }) => sum + bits[i]!, 0),
    ),
  ).mean;
}

const betasOf = (weights: Float32Array) => {
  const { data } = namedParameters(rollArtifact.manifest, weights).get(betaOffsetsName)!;
  return learnedBetas(1e-3, Float32Array.from(data, Number));
};

const { network, description: model } = mlpModel(
  { hidden: [32, 32], act_fn: "silu", frequencies: [1, 2], noise_scale: 1e-3 },
  { learnedVariance: true },
)({ shape: [2], classes: 0, levels: 6 });
const stepsOfRoll = 400;
const roll = builtins["swiss-roll"]!(0);
const rollArtifact = artifactOf(
  { kernel: "gaussian", steps: 6, firstBeta: 1e-3 },
  [2],
  "score" in network ? network.score : silent,
  {
    model,
    batch: 128,
    samplingBatches: [256],
    ema: { decay: 0.98 },
    optimizer: {
      kind: "adamw",
      learningRate: 3e-2,
      warmupSteps: 20,
      decay: "cosine",
      totalSteps: stepsOfRoll,
      weightDecay: 0,
      clipNorm: 1,
      betas: [0.9, 0.999],
      epsilon: 1e-8,
    },
  },
);
const batches = batchSource(roll, 0, 128);

/** The state after `to` steps from `start`, or from the initial weights. */
async function trained(to: number, start?: ReturnType<Trainer["read"]>) {
  const options = { ...host, artifact: rollArtifact, batches, start: await start };
  await using trainer = await Trainer.create(options);
  for await (const _ of trainer.steps(to));
  return trainer.read();
}

/** The initial state with second moments beside which no gradient of the betas counts, so that Adam leaves them where they are. */
async function still() {
  const { parameters } = rollArtifact.manifest;
  const { offset, shape } = parameters.find(({ name }) => name === betaOffsetsName)!;
  const tensors = initialState(rollArtifact.manifest, host.seed);
  tensors.v!.fill(1e30, offset, offset + shape[0]!);
  return { step: 0, seed: host.seed, skipped: 0, tensors };
}

test("learned betas raise K on the swiss roll by more than a fifth of a bit over betas that stay where they started", async () => {
  const x = new Float32Array(2 * 512);
  await roll.read(
    Array.from({ length: 512 }, (_, i) => 7 * i),
    x,
  );
  const states = [await trained(stepsOfRoll), await trained(stepsOfRoll, still())];
  const [learned, fixed] = states.map(({ tensors }) => tensors.ema!) as [Float32Array, Float32Array];
  const chains = [learned, fixed].map((weights) => betasOf(weights));
  for (const [i, beta] of learnedBetas(1e-3, new Float32Array(5)).entries())
    expect(chains[1]![i]!).toBeCloseTo(beta, 12);
  // They spread out towards the smallest noise, where the roll is thin.
  expect(chains[0]![1]!).toBeLessThan(chains[1]![1]! / 2);
  const [gained, started] = [await boundOf(rollArtifact, learned, x), await boundOf(rollArtifact, fixed, x)];
  expect(gained).toBeGreaterThan(started + 0.2);
  // A standard normal density, which knows nothing of the data, has about -4.2.
  expect(gained).toBeGreaterThan(-4.2);
}, 60_000);

test("a resumed run equals an unbroken one, to the bit", async () => {
  expect(await trained(6, trained(3))).toEqual(await trained(6));
});

test("a model of noise levels has no chain to reverse", async () => {
  const artifact = tinyArtifact();
  const weights = new Float32Array(artifact.manifest.parameterCount);
  expect(() => diffusionLaw(artifact.manifest, weights)).toThrow('preset "tiny" has no diffusion');
  expect(samplesOf(artifact, weights, 1)).rejects.toThrow("has no diffusion to reverse");
});
