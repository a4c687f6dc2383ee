// Vincent's theorem: denoising and explicit score matching of the blurred density have the same gradient in expectation.
import { expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, matmul, reshape, slice, sum, tanh } from "../../../lib/author/graph/ops.ts";
import type { Shape } from "../../../lib/author/graph/tensor.ts";
import { denoising } from "../../../lib/author/objectives/denoising.ts";
import { explicit } from "../../../lib/author/objectives/explicit.ts";
import { mixtureScore } from "../../../lib/author/objectives/mixture-score.ts";
import type { Objective, Score } from "../../../lib/author/objectives/objective.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { randomValue } from "../../support/compare.ts";
import { runOnnx } from "../../support/run-onnx.ts";
import { distance, estimates, lossesOf, normals, repeated, rows } from "./cases.ts";

const [batch, D, H] = [50_000, 2, 4];
const mixture = GaussianMixture.of([
  { weight: 0.8, mean: [1, 1], covariance: 0.2 },
  { weight: 0.2, mean: [-1, -1], covariance: [0.3, 0.1, 0.1, 0.2] },
]);

/** A network whose weights come once for every sample, so that one run gives the gradient of each. */
const width = D * H + H + H * D + D;
const theta = input("theta", [batch, width]);
const part = (start: number, shape: Shape) => {
  const size = shape.reduce((a, b) => a * b);
  return reshape(slice(theta, { axis: 1, start, end: start + size }), [batch, ...shape]);
};
const score: Score = (x) => {
  const hidden = tanh(add(matmul(reshape(x, [batch, 1, D]), part(0, [D, H])), part(D * H, [1, H])));
  return reshape(add(matmul(hidden, part(D * H + H, [H, D])), part(2 * D * H + H, [1, D])), x.shape);
};

test("in every weight of a network, within 5 standard errors", async () => {
  const sigma = 0.7;
  const feeds = {
    theta: repeated([...Array.from(randomValue([width], 3).data)], batch, theta.shape),
    x: rows(batch, D, "data", (random) => mixture.sample(random)),
    z: normals(batch, D, "z"),
    sigma: repeated([sigma], batch),
  };
  const oracle = mixtureScore(mixture);
  const gradientOf = (objective: Objective) =>
    gradient(sum(lossesOf(objective, [batch, D], { score, oracle })), [theta])[0]!;
  const [denoised, exact] = await runOnnx([gradientOf(denoising), gradientOf(explicit)], feeds);
  const differences = estimates(
    denoised!.map((value, i) => value - exact![i]!),
    width,
  );
  for (const difference of differences) expect(distance(difference)).toBeLessThan(5);

  // The two agree as numbers, not because both are small: the error is below a fiftieth of the gradient.
  const length = (values: readonly number[]) => Math.hypot(...values);
  const size = length(estimates(exact!, width).map(({ mean }) => mean));
  expect(length(differences.map(({ error }) => error)) / size).toBeLessThan(0.02);
  expect(length(differences.map(({ mean }) => mean)) / size).toBeLessThan(0.02);
});
