// Sliced score matching: unbiased for every kind of direction, less noisy in its reduced form, and its finite differences.
import { describe, expect, test } from "bun:test";
import { scalar } from "../../../lib/author/graph/constant.ts";
import { expand } from "../../../lib/author/graph/ops.ts";
import { implicit } from "../../../lib/author/objectives/implicit.ts";
import { objectives } from "../../../lib/author/objectives/index.ts";
import { mixtureScore } from "../../../lib/author/objectives/mixture-score.ts";
import type { Objective } from "../../../lib/author/objectives/objective.ts";
import { sliced } from "../../../lib/author/objectives/sliced.ts";
import { slicedFiniteDifference } from "../../../lib/author/objectives/sliced-fd.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { randomFeeds, randomValue } from "../../support/compare.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";
import { distance, estimates, lossesOf, network, normals, repeated, rows, signs } from "./cases.ts";

const mean = (values: ArrayLike<number>) => estimates(values)[0]!.mean;
const variance = (values: ArrayLike<number>) => estimates(values)[0]!.error ** 2 * values.length;

/** One point of D dimensions in every row, a network, and its exact implicit loss there. */
function atOnePoint(dimensions: number, count: number) {
  const { weights, score } = network(dimensions, 8);
  const point = {
    x: Array.from(randomValue([dimensions], 5).data),
    z: Array.from(randomValue([dimensions], 6).data),
  };
  const feedsOf = (rowCount: number): Feeds => ({
    ...randomFeeds(weights, dimensions),
    x: repeated(point.x, rowCount, [rowCount, dimensions]),
    z: repeated(point.z, rowCount, [rowCount, dimensions]),
    sigma: repeated([0.3], rowCount),
  });
  const losses = (objective: Objective) => lossesOf(objective, [count, dimensions], { score });
  const exact = evaluate([lossesOf(implicit, [1, dimensions], { score })], feedsOf(1))[0]![0]!;
  return { fixed: feedsOf(count), losses, exact };
}

describe("the mean over all 2^D sign vectors is the exact trace form", () => {
  test.each([1, 2, 3, 6])("in %d dimensions", async (dimensions) => {
    const count = 2 ** dimensions;
    const { fixed, losses, exact } = atOnePoint(dimensions, count);
    const data = Array.from({ length: count * dimensions }, (_, i) =>
      (Math.floor(i / dimensions) >> (i % dimensions)) & 1 ? 1 : -1,
    );
    const feeds = { ...fixed, projection: { data, shape: [count, dimensions] } };
    for (const objective of [objectives.sliced, objectives["sliced-vr"]]) {
      expect(Math.abs(mean(evaluate([losses(objective)], feeds)[0]!) - exact)).toBeLessThan(1e-6);
      expect(Math.abs(mean((await runOnnx([losses(objective)], feeds))[0]!) - exact)).toBeLessThan(1e-5);
    }
  });
});

describe("random directions", () => {
  const [dimensions, count] = [5, 60_000];
  const { fixed, losses, exact } = atOnePoint(dimensions, count);
  const draws = { normal: normals(count, dimensions, "v"), rademacher: signs(count, dimensions, "v") };
  const everyLoss = async (objective: Objective) =>
    (
      await runOnnx([losses(objective)], {
        ...fixed,
        projection: draws[objective.draws.projection as keyof typeof draws],
      })
    )[0]!;

  test.each(["sliced", "sliced-gaussian", "sliced-sphere", "sliced-vr"] as const)(
    "%s is unbiased within 4 standard errors, each below a hundredth of the loss",
    async (name) => {
      const [estimate] = estimates(await everyLoss(objectives[name]));
      expect(distance(estimate!, exact)).toBeLessThan(4);
      expect(estimate!.error / Math.abs(exact)).toBeLessThan(0.01);
    },
  );

  test.each(["Rademacher", "Gaussian", "sphere"] as const)(
    "%s directions: the reduced form has less variance",
    async (projection) => {
      const [plain, reduced] = [
        variance(await everyLoss(sliced(projection, "projected"))),
        variance(await everyLoss(sliced(projection, "exact"))),
      ];
      expect(reduced).toBeLessThan(plain);
    },
  );

  test("the sphere's directions have the length √D, whatever is drawn", async () => {
    const doubled = { ...draws.normal, data: Array.from(draws.normal.data, (value) => 2 * value) };
    const [once, twice] = await Promise.all(
      [draws.normal, doubled].map((projection) =>
        runOnnx([losses(objectives["sliced-sphere"])], { ...fixed, projection }),
      ),
    );
    expect(mean(twice![0]!)).toBeCloseTo(mean(once![0]!), 5);
  });
});

describe("at the true score of N(0, I) the reduced form with signs has no variance", () => {
  test("and the plain form that of (vᵀx)²/2", async () => {
    const shape = [40_000, 3];
    const feeds = {
      x: repeated([1, 2, -1], shape[0]!, shape),
      z: repeated([0], 120_000, shape),
      sigma: repeated([0], shape[0]!),
      projection: signs(shape[0]!, 3, "v"),
    };
    const model = { score: mixtureScore(GaussianMixture.gaussian([0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0, 1])) };
    const [plain, reduced] = await runOnnx(
      [objectives.sliced, objectives["sliced-vr"]].map((objective) => lossesOf(objective, shape, model)),
      feeds,
    );
    expect(variance(reduced!)).toBeLessThan(1e-10);
    // Var (vᵀx)² = 4 Σ_{i<j} x_i²x_j² = 36, halved and per dimension.
    expect(variance(plain!) / (36 / 4 / 9)).toBeCloseTo(1, 1);
  });
});

describe("finite differences", () => {
  test("approach the reduced form with the square of the step", () => {
    const { fixed, losses } = atOnePoint(4, 50);
    const feeds = { ...fixed, projection: signs(50, 4, "v") };
    const [exact] = evaluate([losses(objectives["sliced-vr"])], feeds);
    const errors = [0.2, 0.1, 0.05, 0.025].map((step) => {
      const objective = slicedFiniteDifference((sigma) => expand(scalar(step), sigma.shape));
      const [loss] = evaluate([losses(objective)], feeds);
      return Math.hypot(...loss!.map((value, i) => value - exact![i]!));
    });
    const orders = errors.slice(1).map((error, i) => Math.log2(errors[i]! / error));
    for (const order of orders) expect(Math.abs(order - 2)).toBeLessThan(0.1);
  });

  test.each([0, 0.01, 0.1, 1, 10])(
    "in float32 are within 0.002 of the reduced form in float64 at sigma = %d",
    async (sigma) => {
      const shape = [500, 2];
      const mixture = GaussianMixture.of([
        { weight: 0.8, mean: [5, 5], covariance: 0.25 },
        { weight: 0.2, mean: [-5, -5], covariance: 1 },
      ]);
      const feeds = {
        x: rows(500, 2, "x", (random) => mixture.sample(random)),
        z: normals(500, 2, "z"),
        sigma: repeated([sigma], 500),
        projection: signs(500, 2, "v"),
      };
      const lossOf = (objective: Objective) => lossesOf(objective, shape, { score: mixtureScore(mixture) });
      const [wanted] = evaluate([lossOf(objectives["sliced-vr"])], feeds);
      const [got] = await runOnnx([lossOf(objectives["sliced-fd"])], feeds);
      const error = Math.hypot(...got!.map((value, i) => value - wanted![i]!)) / Math.hypot(...wanted!);
      expect(error).toBeLessThan(0.002);
    },
  );
});
