// Slow mixing: annealed Langevin finds the weights of two distant modes, plain Langevin keeps those of its start.
import { expect, test } from "bun:test";
import { stream } from "../../../lib/random.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { type SamplerName, samplers } from "../../../lib/theory/samplers/index.ts";
import type { SamplerOptions } from "../../../lib/theory/samplers/sampler.ts";
import { walkAll } from "../../../lib/theory/samplers/walk.ts";

// Song & Ermon 2019, section 3.2.2 and figure 3: weights .8 and .2, steps of .1 in the paper's convention, half here.
const density = GaussianMixture.of([
  { weight: 0.8, mean: [5, 5], covariance: 1 },
  { weight: 0.2, mean: [-5, -5], covariance: 1 },
]);
const paper: SamplerOptions = {
  sigmas: geometricSigmas(20, 1, 10),
  sigmaData: 1,
  stepsPerLevel: 100,
  steps: 1000,
  stepSize: 0.05,
  denoise: false,
};

const count = 2500;
// A weight of .8 is found with this standard error.
const standardError = Math.sqrt((0.8 * 0.2) / count);

/** Uniform on [-8, 8]^2, as the paper starts. */
const starts = Float64Array.from(
  Array.from({ length: count }, (_, i) => stream(41, "start", i)).flatMap((random) => [
    16 * random.uniform() - 8,
    16 * random.uniform() - 8,
  ]),
);

function shareOfFirst(points: Float64Array): number {
  const shares = Array.from(
    { length: count },
    (_, i) => density.responsibilities(points.subarray(2 * i, 2 * i + 2))[0]!,
  );
  return shares.reduce((sum, share) => sum + share, 0) / count;
}

function weightBy(name: SamplerName, sigmas = paper.sigmas): number {
  const options = { ...paper, sigmas };
  const steps = samplers[name].steps(options);
  const score = (x: Float64Array, sigma: number) => density.score(x, sigma);
  return shareOfFirst(walkAll({ steps, score, x: starts, dimensions: 2, seed: 42 }));
}

test.each([
  { name: "annealed-langevin", sigmas: paper.sigmas },
  { name: "consistent-annealed", sigmas: geometricSigmas(20, 1, 200) },
] as const)("$name recovers the weight .8", ({ name, sigmas }) => {
  expect(standardError).toBeLessThan(0.03 / 3);
  expect(Math.abs(weightBy(name, sigmas) - 0.8)).toBeLessThan(0.03);
});

// Plain Langevin misses the weight by .29, with as many steps as annealed Langevin: it has that of the start, .51 (chains
// in between may still choose, but none of 2500 crosses later), with the score of the data and with that of the last level.
test.each([[[0]], [[1]]])("plain Langevin at sigma %p keeps the weight of its start", (sigmas) => {
  const found = weightBy("langevin", sigmas);
  expect(0.8 - found).toBeGreaterThan(0.27);
  expect(Math.abs(found - shareOfFirst(starts))).toBeLessThan(0.02);
});
