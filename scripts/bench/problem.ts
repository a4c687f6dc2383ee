// One problem for everybody who is measured: the weights to start from, a batch with its noise, and what a step is told.
import type { Manifest } from "../../lib/artifact/manifest.ts";
import { encodeSafetensors, type SafeTensor } from "../../lib/artifact/safetensors.ts";
import { sizeOf } from "../../lib/artifact/shape.ts";
import { stream } from "../../lib/random.ts";
import type { RunValues } from "../../lib/run/feeds.ts";
import { initialParameters } from "../../lib/run/initialize.ts";
import { adamCorrections } from "../../lib/theory/adam.ts";
import { openFamily } from "../../lib/theory/family.ts";
import { levelInputs } from "../../lib/theory/preconditioning.ts";
import { type SamplingPlan, samplingPlan } from "../recipes/sampling-plan.ts";

export interface Problem {
  readonly manifest: Manifest;
  readonly weights: Float32Array;
  readonly x: Float32Array;
  readonly sigmas: Float64Array;
  /** The sampling run, for models on a chain of discrete steps. */
  readonly plan: SamplingPlan | undefined;
}

const learningRate = 1e-3;
const emaDecay = 0.999;
/** A sampler's step that only denoises. */
const evaluation = { a: 0, b: 1, c: 0, limit: 1e30 };
const samplingSteps = 50;
export const samplingSeed = 0;

export function problemOf(manifest: Manifest): Problem {
  const { batch, data, noise } = manifest;
  const random = stream(0, "bench");
  const x = new Float32Array(batch * sizeOf(data.shape));
  random.fillNormal(x);
  const { sigmas: levels } = noise;
  const sigmas = Float64Array.from(
    { length: batch },
    (_, i) => levels[Math.floor((i * levels.length) / batch)]!,
  );
  return { manifest, weights: initialParameters(manifest, 0), x, sigmas, plan: planFor(manifest) };
}

/** DDIM on diffusers' own grid. */
function planFor(manifest: Manifest): SamplingPlan | undefined {
  const { noise, batch: count } = manifest;
  if (!openFamily(noise).schedule.discrete) return undefined;
  return samplingPlan({ method: "ddim", grid: "leading", steps: samplingSteps, count }, manifest);
}

/** What a run of the step graph, or of the sampling graph, is fed at step number `step`, counted from 1. */
export function valuesAt({ x, sigmas, manifest }: Problem, step: number): RunValues {
  const { first, second } = adamCorrections(betasOf(manifest), step);
  const rates = { learning_rate: learningRate, ema_decay: emaDecay };
  return {
    x,
    sigmas,
    schedule: { ...rates, ...evaluation, first_correction: first, second_correction: second },
    random: (port, i) => stream(1, `bench:${port}`, i),
  };
}

function betasOf({ optimizer }: Manifest) {
  if (optimizer.kind !== "adamw") throw new Error(`bench: expected adamw, got ${optimizer.kind}`);
  const [beta1, beta2] = optimizer.betas;
  return { beta1, beta2 };
}

/** The same for another program, as a safetensors file. */
export function encodedProblem(problem: Problem): Uint8Array {
  const { manifest, sigmas } = problem;
  const { batch, data, noise } = manifest;
  const { preconditioning, weighting } = openFamily(noise);
  const levels = [...sigmas].map((sigma) => ({
    ...levelInputs(preconditioning, sigma, noise.sigmaData),
    weight: weighting(sigma, noise.sigmaData),
    sigma,
  }));
  const images = (values: Float32Array): SafeTensor => ({
    dtype: "F32",
    shape: [batch, ...data.shape],
    data: values,
  });
  const { random } = valuesAt(problem, 1);
  const perImage = Object.keys(levels[0]!).map((name): [string, SafeTensor] => {
    const values = Float32Array.from(levels, (level) => level[name as keyof typeof level]);
    return [name, { dtype: "F32", shape: [batch], data: values }];
  });
  const drawn = { x: problem.x, z: noiseOf(problem, (i) => random("z", i)!), ...samplingNoise(problem) };
  const drawnImages = Object.entries(drawn).map(([name, values]) => [name, images(values)] as const);
  return encodeSafetensors(new Map([...drawnImages, ...perImage]));
}

/** Standard normal numbers in the data's shape. */
function noiseOf({ manifest, x }: Problem, random: (i: number) => ReturnType<typeof stream>): Float32Array {
  const z = new Float32Array(x.length);
  const size = sizeOf(manifest.data.shape);
  for (let i = 0; i < manifest.batch; i++) random(i).fillNormal(z, i * size, (i + 1) * size);
  return z;
}

/** What the sampling run starts from, in the coordinates of the chain, which keeps the variance. */
function samplingNoise(problem: Problem): { noise?: Float32Array } {
  if (!problem.plan) return {};
  const sigma = Math.max(...problem.plan.options.sigmas);
  const scale = sigma / Math.hypot(1, sigma);
  return { noise: noiseOf(problem, (i) => stream(samplingSeed, "sample", i)).map((z) => z * scale) };
}

/** The settings of its optimizer and of its sampler. */
export function settingsOf({ manifest }: Problem) {
  const { optimizer } = manifest;
  if (optimizer.kind !== "adamw") throw new Error(`bench: expected adamw, got ${optimizer.kind}`);
  const { betas, epsilon, weightDecay, clipNorm } = optimizer;
  return { betas, epsilon, weightDecay, clipNorm, learningRate, emaDecay, samplingSteps };
}
