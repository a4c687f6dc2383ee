// Clipping: what it leaves alone, what it bounds, and that each point is clipped by itself.
import { expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { type ClippingName, clipped } from "../../../lib/theory/solvers/clipping.ts";
import { solvers } from "../../../lib/theory/solvers/index.ts";
import type { Denoise } from "../../../lib/theory/solvers/solver.ts";
import { endOf, streams } from "../../support/solving.ts";

const identity: Denoise = async (x) => x;
const clip = async (name: ClippingName, x: number[], dimensions = x.length, more = {}): Promise<number[]> => {
  const levels = new Float64Array(x.length / dimensions);
  const denoise = clipped(identity, name, { dimensions, ...more });
  return Array.from(await denoise(Float64Array.from(x), levels));
};

test("none and values within the range stay as they are", async () => {
  expect(await clip("none", [2, -3])).toEqual([2, -3]);
  for (const name of ["static", "dynamic"] as const)
    expect(await clip(name, [1, -1, 0.3])).toEqual([1, -1, 0.3]);
});

test("static clipping clamps to the limit", async () => {
  expect(await clip("static", [2, -3, 0.5])).toEqual([1, -1, 0.5]);
  expect(await clip("static", [2, -3, 0.5], 3, { limit: 2.5 })).toEqual([2, -2.5, 0.5]);
});

// Saharia et al. 2022: s is the quantile of |x0|, at least 1; clamp to [-s, s], divide by s.
test("dynamic clipping scales by the point's own quantile", async () => {
  expect(await clip("dynamic", [2, -4, 1], 3, { quantile: 0.5 })).toEqual([1, -1, 0.5]);
  expect(await clip("dynamic", [0.5, -4, 1, 2], 2, { quantile: 0 })).toEqual([0.5, -1, 1, 1]);
  // Between the order statistics 1 and 3, a quarter of the way: 1.5.
  expect(await clip("dynamic", [1, -3], 2, { quantile: 0.25 })).toEqual([1 / 1.5, -1]);
  const wide = Array.from({ length: 1000 }, (_, i) => 2 + i);
  const scaled = await clip("dynamic", wide);
  expect(scaled[999]).toBe(1);
  expect(scaled[0]).toBeCloseTo(2 / (2 + 0.995 * 999), 12);
});

test("clipped solvers end within the range of the data, and the denoiser's own array is not changed", async () => {
  const kept = Float64Array.of(3, -3, 3, -3);
  const denoise = clipped(async () => kept, "static", { dimensions: 2 });
  const problem = { denoise, x: [5, 6, 7, 8], dimensions: 2, random: streams(1, 2) };
  const end = await endOf(solvers.heun.solve(problem, { sigmas: [3, 1], denoise: true }));
  expect([...end.x]).toEqual([1, -1, 1, -1]);
  expect([...kept]).toEqual([3, -3, 3, -3]);
});

test.each([{ limit: 0 }, { limit: Number.NaN }, { quantile: 1.5 }, { quantile: -1 }])(
  "%o is refused",
  (wrong) => {
    expect(() => clipped(identity, "dynamic", { dimensions: 1, ...wrong })).toThrow(UserError);
  },
);
