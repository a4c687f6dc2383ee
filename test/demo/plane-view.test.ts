// Where the plane's page draws points, between which frames, and the line of its losses.
import { expect, test } from "bun:test";
import fc from "fast-check";
import { stream } from "../../lib/random.ts";
import type { PlaneFrame } from "../../scripts/demo/engine/protocol.ts";
import { drawnAt, frameAt, lastOf, nearestTo, type Run } from "../../scripts/demo/plane/run.ts";
import { extentOf, inPixels, shrunk, under, type View, viewOf } from "../../scripts/demo/plane/view.ts";

const view: View = { centre: [1, -2], sigmaData: 0.8, middle: [0.5, -1], half: 3 };

test("data with noise of any level have the data's own spread where they are drawn", () => {
  const n = 20000;
  for (const sigma of [0, 0.1, 1, 30]) {
    const x = new Float32Array(2 * n);
    stream(1, "view").fillNormal(x);
    const spread = Math.hypot(view.sigmaData, sigma);
    const drawn = shrunk(
      view,
      x.map((z, i) => view.centre[i % 2]! + spread * z),
      sigma,
    );
    for (const axis of [0, 1]) {
      const along = drawn.filter((_, i) => i % 2 === axis);
      const mean = along.reduce((a, b) => a + b) / n;
      const variance = along.reduce((a, b) => a + (b - mean) ** 2, 0) / n;
      // Five standard errors of either: wrong once in a million seeds, and the seed is fixed.
      expect(Math.abs(mean - view.centre[axis]!)).toBeLessThan((5 * view.sigmaData) / Math.sqrt(n));
      expect(Math.abs(Math.sqrt(variance) / view.sigmaData - 1)).toBeLessThan(5 / Math.sqrt(2 * n));
    }
  }
});

test("pixels and the points under them are each other's inverse, up is up", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, (across, down) => {
      const [x, y] = inPixels(view, Float32Array.from(under(view, across, down)), 640);
      expect(x!).toBeCloseTo(640 * across, 2);
      expect(y!).toBeCloseTo(640 * down, 2);
    }),
  );
  expect(under(view, 0, 0)).toEqual([-2.5, 2]);
});

test("the field that is asked for reaches to the corners of the canvas", () => {
  for (const sigma of [0, 0.5, 20]) {
    const extent = extentOf(view, sigma);
    const square = [1, -1].flatMap((u) => [view.centre[0] + u * extent, view.centre[1] + u * extent]);
    const [right, top, left, bottom] = inPixels(view, shrunk(view, square, sigma), 100);
    expect(right!).toBeGreaterThan(100 - 1e-3);
    expect(top!).toBeLessThan(1e-3);
    expect(left!).toBeLessThan(1e-3);
    expect(bottom!).toBeGreaterThan(100 - 1e-3);
  }
});

test("data fill the canvas but for a margin", () => {
  const { middle, half } = viewOf({ centre: [3, 4], radius: 2, sigmaData: 1 });
  expect(middle).toEqual([3, 4]);
  expect(half).toBeCloseTo(2.6, 12);
});

const frame = (step: number, sigma: number, x: readonly number[]): PlaneFrame => ({
  step,
  steps: 4,
  sigma,
  nfe: step,
  distance: 0,
  x: Float32Array.from(x),
});
const frames = [frame(0, 4, [9, -2, 1, -10]), frame(1, 1, [3, -2, 1, -4]), frame(2, 0, [2, -2, 1, -3])];
const run: Run = { method: "ddim", source: "true", trained: 0, frames, complete: true };

test("a run that is under way counts the steps that it will have, a finished one those it has", () => {
  expect(lastOf(undefined)).toBe(0);
  expect(lastOf({ ...run, complete: false })).toBe(4);
  expect(lastOf(run)).toBe(2);
  const unknown = frames.map((each) => ({ ...each, steps: undefined }));
  expect(lastOf({ ...run, frames: unknown, complete: false })).toBe(2);
});

test("between two frames particles are on the straight line between their places on the canvas", () => {
  const [from, to] = [shrunk(view, frames[0]!.x, 4), shrunk(view, frames[1]!.x, 1)];
  expect(drawnAt(view, run, 0)).toEqual(from);
  expect(drawnAt(view, run, 1)).toEqual(to);
  drawnAt(view, run, 0.25).forEach((x, i) => {
    expect(x).toBeCloseTo(0.75 * from[i]! + 0.25 * to[i]!, 5);
  });
  expect(drawnAt(view, run, 99)).toEqual(shrunk(view, frames[2]!.x, 0));
  expect(drawnAt(view, run, 0.5, 1)).toEqual(drawnAt(view, run, 0.5).slice(0, 2));
});

test("a place in a run has the frame that is nearest, and a noise level too", () => {
  expect([0.4, 0.6, 7].map((at) => frameAt(run, at).step)).toEqual([0, 1, 2]);
  // In the logarithm 2.1 is nearer to 4 than to 1.
  expect([2.1, 1.9, 1e-9].map((sigma) => nearestTo(run, sigma))).toEqual([0, 1, 2]);
  const level = { ...run, frames: frames.map((each) => ({ ...each, sigma: 1 })) };
  expect(nearestTo(level, 1)).toBe(2);
});
