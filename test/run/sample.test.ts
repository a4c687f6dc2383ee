// Sampling reproduces what closed forms give, and a sample does not depend on the company that it is drawn in.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { type SampleOptions, sample } from "../../lib/run/sample.ts";
import { samplers } from "../../lib/theory/samplers/index.ts";
import type { Step } from "../../lib/theory/samplers/sampler.ts";
import { convolutional, labelled, tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");

const data = { source: "g", shape: [1, 4, 4] as const, classes: 0, options: {} };
const noise = {
  preconditioning: "edm",
  weighting: "sigma-squared",
  schedule: { name: "edm" },
  training: { kind: "ladder" as const },
  sigmas: [2, 1, 0.5, 0.25],
  sigmaData: 0.7,
};
/** With weights of zero, D = c_skip x is the exact denoiser of N(0, sigmaData^2) under EDM's preconditioning. */
const exact = tinyArtifact({ network: { score: convolutional }, data, noise, samplingBatches: [2, 64] });
const size = 16;

const noiseless: Step = { sigma: 1, a: 1, b: 0, c: 0 };
const base = {
  ort,
  device,
  artifact: exact,
  weights: new Float32Array(exact.manifest.parameterCount),
  steps: [noiseless],
  initialSigma: 1,
  count: 3,
  seed: 11,
} satisfies SampleOptions;

async function samples(options: SampleOptions): Promise<Float32Array> {
  const images = new Float32Array(options.count * size);
  for await (const progress of sample(options))
    if (progress.step === progress.steps) images.set(await progress.x(), progress.first * size);
  return images;
}

const variance = (values: Float32Array) => values.reduce((sum, x) => sum + x * x, 0) / values.length;

// 256 images of 16 numbers: the standard error of a variance is sqrt(2/4096) = 2.2 % of it; 11 % is five of them.
test("annealed Langevin with the exact denoiser has the variance that its coefficients give", async () => {
  const options = {
    sigmas: noise.sigmas,
    sigmaData: 1,
    stepsPerLevel: 40,
    steps: 160,
    stepSize: 0.01,
    denoise: true,
  };
  const sampler = samplers["annealed-langevin"];
  const steps = [...sampler.steps(options)];
  const initialSigma = sampler.initialSigma(options);
  let expected = initialSigma ** 2;
  for (const { sigma, a, b, c } of steps)
    expected = (a + (b * 0.49) / (0.49 + sigma ** 2)) ** 2 * expected + c ** 2;
  const found = variance(await samples({ ...base, steps, initialSigma, count: 256 }));
  expect(Math.abs(found / expected - 1)).toBeLessThan(0.11);
  // The data have 0.49; denoising at the last level takes some of it.
  expect(Math.abs(expected / (0.49 ** 2 / (0.49 + 0.25 ** 2)) - 1)).toBeLessThan(0.1);
});

test("a sample's noise is its own stream: first the start, then z of each step that has noise", async () => {
  // D is ignored, so that the result is the sum of what was drawn.
  const steps = [
    { sigma: 1, a: 1, b: 0, c: 1 },
    { sigma: 1, a: 1, b: 0, c: 0 },
    { sigma: 1, a: 1, b: 0, c: 0.5 },
  ];
  const images = await samples({ ...base, steps, initialSigma: 2, count: 3, firstIndex: 40 });
  for (let i = 0; i < 3; i++) {
    const drawn = [0, 1, 2].map(() => new Float32Array(size));
    const random = stream(11, "sample", 40 + i);
    for (const part of drawn) random.fillNormal(part);
    const expected = drawn[0]!.map((_, j) =>
      Math.fround(Math.fround(2 * drawn[0]![j]! + drawn[1]![j]!) + 0.5 * drawn[2]![j]!),
    );
    expect(images.slice(i * size, (i + 1) * size)).toEqual(expected);
  }
});

test("batch size, chunking and numbering change nothing", async () => {
  const weights = base.weights.map((_, i) => Math.sin(i));
  const options = {
    sigmas: noise.sigmas,
    sigmaData: 1,
    stepsPerLevel: 2,
    steps: 8,
    stepSize: 0.02,
    denoise: true,
  };
  const steps = [...samplers["annealed-langevin"].steps(options)];
  const at = { ...base, weights, steps, initialSigma: 2 };
  const small = await samples({ ...at, count: 7, batch: 2 });
  const large = await samples({ ...at, count: 66 });
  const later = await samples({ ...at, count: 3, firstIndex: 4 });
  const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
  expect(distance(small, large.subarray(0, small.length))).toBeLessThan(1e-6);
  expect(distance(small.slice(4 * size), later)).toBeLessThan(1e-6);
  expect(distance(small, large.subarray(size, size + small.length))).toBeGreaterThan(0.1);
});

test("progress tells where it is, and frames can be read until the next step", async () => {
  const steps = [{ sigma: 0.7, a: 0.5, b: 0.25, c: 0 }, noiseless];
  const seen: number[][] = [];
  let stale: (() => Promise<Float32Array>) | undefined;
  for await (const progress of sample({ ...base, steps, count: 5, batch: 2 })) {
    if (stale) await expect(stale()).rejects.toThrow("gone");
    const [x, denoised] = [await progress.x(), await progress.denoised()];
    expect([x.length, denoised.length]).toEqual([progress.count * size, progress.count * size]);
    // c_skip is 1/2 at sigma = sigmaData: x becomes x/2 + x/8, from twice what was denoised.
    if (progress.step === 1)
      for (const [i, value] of x.entries()) expect(value).toBeCloseTo(1.25 * denoised[i]!, 5);
    seen.push([
      progress.chunk,
      progress.chunks,
      progress.first,
      progress.count,
      progress.step,
      progress.sigma,
    ]);
    stale = progress.x;
  }
  expect(seen).toEqual([
    [0, 3, 0, 2, 1, 0.7],
    [0, 3, 0, 2, 2, 1],
    [1, 3, 2, 2, 1, 0.7],
    [1, 3, 2, 2, 2, 1],
    [2, 3, 4, 1, 1, 0.7],
    [2, 3, 4, 1, 2, 1],
  ]);
});

test("labels steer each sample, across chunks; wrong ones are refused", async () => {
  const classes = tinyArtifact({ network: { score: labelled }, data: { ...data, classes: 3 }, noise });
  const options = {
    ...base,
    artifact: classes,
    weights: Float32Array.of(1),
    steps: [{ sigma: 1, a: 0, b: 1, c: 0 }],
    initialSigma: 0,
    count: 6,
  };
  const images = await samples({ ...options, labels: Int32Array.of(0, 1, 2, 2, 1, 0) });
  const cOut = 0.7 / Math.hypot(1, 0.7);
  for (const [i, label] of [0, 1, 2, 2, 1, 0].entries())
    expect(images[i * size]).toBeCloseTo(label * cOut, 6);
  const work = (labels?: Int32Array) => samples({ ...options, labels });
  await expect(work()).rejects.toBeInstanceOf(UserError);
  await expect(work(Int32Array.of(1))).rejects.toThrow(
    "expected one label in 0..2 for each of 6 samples, got 1 labels",
  );
  await expect(work(Int32Array.of(0, 1, 2, 3, 0, 0))).rejects.toThrow("in 0..2");
});

test("leaving early releases what was held", async () => {
  for await (const { step } of sample({ ...base, steps: [noiseless, noiseless] })) if (step === 1) break;
  expect((await samples(base)).length).toBe(3 * size);
});
