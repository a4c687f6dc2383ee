// Chains of the negatives graph have the law that their finite step gives, and are the same in any company.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import type { EnergyNetwork } from "../../lib/author/energy.ts";
import { mul, square, sum } from "../../lib/author/graph/ops.ts";
import { UserError } from "../../lib/errors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { type ChainOptions, sampleChains } from "../../lib/run/sample-chains.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");

/** E(x) = stiffness/2·‖x‖², a Gaussian of variance 1/stiffness. */
const quadratic: EnergyNetwork = (p, { x }) =>
  mul(sum(square(x), { axes: [1] }), mul(p.get("stiffness", [1], { kind: "constant", value: 1 }), 0.5));

const stepSize = 0.1;
const artifact = tinyArtifact({
  network: { energy: quadratic },
  objective: "contrastive-divergence",
  noise: {
    preconditioning: "score",
    weighting: "uniform",
    schedule: { name: "edm" },
    training: { kind: "ladder" as const },
    sigmas: [0],
    sigmaData: 1,
  },
  data: { source: "g", shape: [2], classes: 0, options: {} },
  batch: 512,
  negatives: {
    start: "short-run",
    steps: 10,
    stepsPerRun: 10,
    stepSize,
    noise: Math.sqrt(2 * stepSize),
    limit: null,
    range: null,
    prior: { kind: "constant", value: 3 },
  },
});
const options = { ort, device, artifact, weights: Float32Array.of(4), count: 1000, seed: 2, steps: 60 };

async function chains(changes: Partial<ChainOptions> = {}): Promise<Float32Array> {
  const all = { ...options, ...changes };
  const points = new Float32Array(2 * all.count);
  for await (const { step, steps, first, x } of sampleChains(all))
    if (step === steps) points.set(await x(), 2 * first);
  return points;
}

test("the variance is v/(1 - e/(2v)) after steps of size e", async () => {
  const points = await chains();
  const variance = points.reduce((total, x) => total + x * x, 0) / points.length;
  // 2000 numbers: a standard error of sqrt(2/2000) = 3.2 %; 13 % is four. Without the step's bias it would be 0.25, 20 % less.
  expect(Math.abs(variance / (0.25 / (1 - stepSize / 0.5)) - 1)).toBeLessThan(0.13);
});

test("numbering, batches and rounded steps change nothing", async () => {
  const points = await chains();
  const some = await chains({ count: 20, firstIndex: 700, steps: 51 });
  for (const [i, x] of some.entries()) expect(Math.abs(x - points[1400 + i]!)).toBeLessThan(1e-6);
});

test("a model that was trained without negatives says so", async () => {
  const other = tinyArtifact();
  await expect(chains({ artifact: other })).rejects.toBeInstanceOf(UserError);
  await expect(chains({ artifact: other })).rejects.toThrow(/^tiny was trained by "denoising", without neg/);
});
