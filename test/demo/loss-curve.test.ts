// The page's line of losses: the same as means of all losses, in bounded space.
import { expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import { emptyCurve, extended, pointsOf } from "../../scripts/demo/state/loss-curve.ts";

test("few losses are points of their own", () => {
  const curve = extended(extended(emptyCurve, [4, 2]), [1]);
  expect(pointsOf(curve)).toEqual([
    [1, 2, 3],
    [4, 2, 1],
  ]);
});

test("many are means of equal stretches, whatever pieces they come in", () => {
  const random = stream(0, "losses");
  const losses = Array.from({ length: 5001 }, () => random.uniform());
  let curve = emptyCurve;
  for (let at = 0; at < losses.length; at += 37) curve = extended(curve, losses.slice(at, at + 37));
  // 160 points of 16 steps would be too few, and 160 of 64 twice as many as needed.
  const [steps, means] = pointsOf(curve);
  expect(steps.slice(0, 2)).toEqual([16.5, 48.5]);
  expect(steps).toHaveLength(Math.ceil(losses.length / 32));
  for (const [i, mean] of means.entries()) {
    const part = losses.slice(32 * i, 32 * (i + 1));
    expect(mean).toBeCloseTo(part.reduce((sum, loss) => sum + loss, 0) / part.length, 12);
  }
  expect(steps.at(-1)).toBe(5001 - (5001 % 32) / 2 + 0.5);
});
