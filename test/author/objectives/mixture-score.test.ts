// The mixture's score as an expression, in float32 and in float64, against the class that computes it in plain numbers.
import { expect, test } from "bun:test";
import { input } from "../../../lib/author/graph/constant.ts";
import { mixtureScore } from "../../../lib/author/objectives/mixture-score.ts";
import { stream } from "../../../lib/random.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { evaluate } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";
import { rows } from "./cases.ts";

/** A turn of a spiral, up to 4 from its centre. */
const spiral = (count: number): Float32Array =>
  Float32Array.from({ length: 2 * count }, (_, i) => {
    const turn = 1.5 * Math.PI * (1 + 2 * ((Math.floor(i / 2) * 0.618034) % 1));
    return ((i % 2 === 0 ? Math.cos(turn) : Math.sin(turn)) * turn) / 4;
  });

const normalCloud = (count: number, dimensions: number) => {
  const random = stream(1, "cloud");
  return Float32Array.from({ length: count * dimensions }, () => random.normal());
};

const mixtures = {
  "two modes": GaussianMixture.of([
    { weight: 0.8, mean: [5, 5], covariance: 1 },
    { weight: 0.2, mean: [-5, -5], covariance: 1 },
  ]),
  "full covariances": GaussianMixture.of([
    { weight: 0.5, mean: [1, 0, -1], covariance: [1, 0.5, 0.2, 0.5, 0.8, 0, 0.2, 0, 0.3] },
    { weight: 0.3, mean: [-1, 0.5, 0], covariance: 0.2 },
    { weight: 0.2, mean: [0, 0, 1], covariance: [0.1, 0, 0, 0, 0.4, 0, 0, 0, 1] },
  ]),
  "different variances": GaussianMixture.of([
    { weight: 0.4, mean: [1], covariance: 0.1 },
    { weight: 0.6, mean: [-1], covariance: 0.5 },
  ]),
  "one Gaussian": GaussianMixture.gaussian([1, -1], [1, 0.3, 0.3, 0.5]),
  points: GaussianMixture.points(spiral(300), 2),
  "points of five dimensions": GaussianMixture.points(normalCloud(50, 5), 5),
};

/** The error relative to the largest score, at points drawn from the blurred density. */
async function errorOf(
  mixture: GaussianMixture,
  sigma: number,
  run: (...args: Parameters<typeof evaluate>) => Promise<Float64Array[]> | Float64Array[],
  batch = 32,
) {
  const x = rows(batch, mixture.dimensions, "points", (random) => mixture.sample(random, sigma));
  const level = Math.fround(sigma);
  const score = mixtureScore(mixture)(input("x", x.shape), input("sigma", [batch]));
  const [got] = await run([score], { x, sigma: { data: Array(batch).fill(level), shape: [batch] } });
  const wanted = Array.from({ length: batch }, (_, i) => [
    ...mixture.score(Array.from(x.data).slice(i * mixture.dimensions, (i + 1) * mixture.dimensions), level),
  ]).flat();
  return Math.hypot(...wanted.map((value, i) => value - got![i]!)) / Math.hypot(...wanted);
}

const levels = Object.entries(mixtures).flatMap(([name, mixture]) =>
  [0, 0.01, 0.1, 1, 10]
    .filter((sigma) => sigma > 0 || !name.startsWith("points"))
    .map((sigma) => [name, sigma, mixture] as const),
);

test.each(levels)("%s at sigma %d", async (_, sigma, mixture) => {
  // The constants of the graph are float32, which at sigma = 0.01 is most of the error.
  expect(await errorOf(mixture, sigma, evaluate)).toBeLessThan(1e-4);
  const error = await errorOf(mixture, sigma, runOnnx);
  expect(error).toBeLessThan(1e-4);
});

test("thousands of points", async () => {
  const mixture = GaussianMixture.points(spiral(4096), 2);
  for (const sigma of [0.01, 0.1, 1]) expect(await errorOf(mixture, sigma, runOnnx, 128)).toBeLessThan(1e-4);
});

test("far from everything the score points at the nearest points", async () => {
  const mixture = GaussianMixture.points([0, 0, 1, 0], 2);
  const score = mixtureScore(mixture)(input("x", [1, 2]), input("sigma", [1]));
  const feeds = { x: { data: [100, 0], shape: [1, 2] }, sigma: { data: [0.1], shape: [1] } };
  const [[x, y]] = (await runOnnx([score], feeds)) as [Float64Array];
  expect(x! / -9900).toBeCloseTo(1, 5);
  expect(y).toBeCloseTo(0, 5);
});
