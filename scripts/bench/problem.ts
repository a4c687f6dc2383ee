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

export interface Problem {
  readonly manifest: Manifest;
  readonly weights: Float32Array;
  readonly x: Float32Array;
  readonly sigmas: Float64Array;
}

const learningRate = 1e-3;
const emaDecay = 0.999;
/** A sampler's step that only denoises. */
const evaluation = { a: 0, b: 1, c: 0, limit: 1e30 };

export function problemOf(manifest: Manifest): Problem {
  const { batch, data, noise } = manifest;
  const random = stream(0, "bench");
  const x = new Float32Array(batch * sizeOf(data.shape));
  random.fillNormal(x);
  const sigmas = Float64Array.from({ length: batch }, (_, i) => noise.sigmas[i % noise.sigmas.length]!);
  return { manifest, weights: initialParameters(manifest, 0), x, sigmas };
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
  const { random } = valuesAt(problem, 1);
  const z = new Float32Array(problem.x.length);
  const size = sizeOf(data.shape);
  for (let i = 0; i < batch; i++) random("z", i)!.fillNormal(z, i * size, (i + 1) * size);
  const images = (values: Float32Array): SafeTensor => ({
    dtype: "F32",
    shape: [batch, ...data.shape],
    data: values,
  });
  const perImage = Object.keys(levels[0]!).map((name): [string, SafeTensor] => {
    const values = Float32Array.from(levels, (level) => level[name as keyof typeof level]);
    return [name, { dtype: "F32", shape: [batch], data: values }];
  });
  return encodeSafetensors(new Map([["x", images(problem.x)], ["z", images(z)], ...perImage]));
}

/** The settings of its optimizer. */
export function settingsOf({ manifest }: Problem) {
  const { optimizer } = manifest;
  if (optimizer.kind !== "adamw") throw new Error(`bench: expected adamw, got ${optimizer.kind}`);
  const { betas, epsilon, weightDecay, clipNorm } = optimizer;
  return { betas, epsilon, weightDecay, clipNorm, learningRate, emaDecay };
}
