// Errors against evaluations: what must be true of the numbers behind the picture.
import { expect, test } from "bun:test";
import { stream } from "../../../lib/random.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { slicedWasserstein } from "../../../lib/theory/sliced-wasserstein.ts";
import { solvers } from "../../../lib/theory/solvers/index.ts";
import { type ErrorPoint, measureErrors } from "../../../lib/theory/solvers/measure-errors.ts";

const mixture = GaussianMixture.of([
  { weight: 0.4, mean: [-1, 0.5], covariance: 0.05 },
  { weight: 0.6, mean: [1, 0], covariance: [0.2, 0.1, 0.1, 0.1] },
]);

test("more evaluations bring every method nearer to the truth, and the better ones sooner", async () => {
  const points: ErrorPoint[] = [];
  const options = { mixture, budgets: [12, 96], tolerances: [1e-2, 1e-5], count: 400, seed: 1 };
  const grid = (levels: number) => geometricSigmas(20, 0.02, levels);
  for await (const point of measureErrors({ ...options, grid })) points.push(point);
  const of = (method: string) => points.filter((point) => point.method === method);
  const floor = of("exact")[0]!.distance;
  for (const method of new Set(points.map((point) => point.method))) {
    if (method === "exact") continue;
    const [few, many] = of(method) as [ErrorPoint, ErrorPoint];
    expect(few.nfe).toBeLessThan(many.nfe);
    if (method !== "rk45")
      expect([12, 96]).toEqual([expect.closeTo(few.nfe, -1), expect.closeTo(many.nfe, -1)]);
    expect(many.distance).toBeLessThan(Math.max(few.distance, 3 * floor));
    if (many.endpoint !== undefined) expect(many.endpoint).toBeLessThan(few.endpoint! / 3);
  }
  const ends = (method: string): number => of(method)[1]!.endpoint!;
  expect(of("ancestral")[1]!.endpoint).toBeUndefined();
  expect(ends("dpm-solver-2m")).toBeLessThan(ends("euler") / 5);
  expect(ends("unipc")).toBeLessThan(ends("dpm-solver-2m") / 5);
  expect(new Set(points.map(({ method }) => method)).isSupersetOf(new Set(Object.keys(solvers)))).toBe(true);
});

const normals = (purpose: string, count: number, mean = 0): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => mean + stream(3, purpose, i).normal());

test("a shift by v is at a sliced distance of E|v·u|: 2/pi of its length in a plane, all of it on a line", () => {
  const line = normals("line", 50);
  expect(
    slicedWasserstein(
      line,
      line.map((value) => value + 0.3),
      1,
    ),
  ).toBeCloseTo(0.3, 12);
  expect(slicedWasserstein(line, line.toReversed(), 1)).toBe(0);
  const plane = normals("plane", 100);
  const moved = plane.map((value, at) => value + (at % 2 ? 0 : 2));
  // |cos| of 4000 directions has a standard error of .308/63; false alarm 6e-5.
  expect(Math.abs(slicedWasserstein(plane, moved, 2, 4000) / 2 - 2 / Math.PI)).toBeLessThan((4 * 0.308) / 63);
  expect(() => slicedWasserstein(line, plane, 1)).toThrow("one size");
});
