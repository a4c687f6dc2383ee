// Ladders against the published configurations and against data whose distances are known.
import { expect, test } from "bun:test";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import {
  gammaFromOverlap,
  geometricSigmas,
  ladderRatio,
  levels,
  MAX_RATIO,
  maxPairwiseDistance,
  overlap,
} from "../../lib/theory/noise-ladder.ts";

const relative = (value: number, expected: number): number => Math.abs(value / expected - 1);

test("the ladder of NCSN: 1 to .01 in 10 levels", () => {
  const published = [1, 0.599484, 0.359381, 0.215443, 0.129155, 0.077426, 0.046416, 0.027826, 0.016681, 0.01];
  const sigmas = geometricSigmas(1, 0.01, 10);
  expect(sigmas).toHaveLength(10);
  sigmas.forEach((sigma, i) => {
    expect(sigma).toBeCloseTo(published[i]!, 6);
  });
  expect([sigmas[0], sigmas[9]]).toEqual([1, 0.01]);
});

test("the ratio is constant", () => {
  const sigmas = geometricSigmas(348, 0.01, 2311);
  const gamma = ladderRatio(348, 0.01, 2311);
  for (let i = 1; i < sigmas.length; i++)
    expect(relative(sigmas[i - 1]! / sigmas[i]!, gamma)).toBeLessThan(1e-12);
});

test("the overlap of the CIFAR-10 configuration of NCSNv2 is .567 at gamma 1.03756", () => {
  const gamma = ladderRatio(50, 0.01, 232);
  expect(gamma).toBeCloseTo(1.03756, 5);
  expect(overlap(gamma, 3072)).toBeCloseTo(0.567, 3);
});

test.each([
  { data: "CIFAR-10", sigmaMax: 50, D: 3072, C: 0.5, expected: 219 },
  { data: "CIFAR-10", sigmaMax: 50, D: 3072, C: 0.567, expected: 232 },
  { data: "MNIST", sigmaMax: 16, D: 784, C: 0.5, expected: 95 },
  { data: "MNIST", sigmaMax: 16, D: 784, C: 0.567, expected: 100 },
])("$data at overlap $C takes $expected levels", ({ sigmaMax, D, C, expected }) => {
  expect(levels(sigmaMax, 0.01, D, C)).toBe(expected);
});

test("gamma solves the overlap equation", () => {
  expect(gammaFromOverlap(784, 0.5)).toBeCloseTo(1.082, 4);
  for (const D of [50, 784, 3072, 196_608])
    for (const C of [0.05, 0.5, 0.9]) expect(overlap(gammaFromOverlap(D, C), D)).toBeCloseTo(C, 10);
});

test("gamma nears 1 + 3 / sqrt(2D) in many dimensions", () => {
  const D = 1e8;
  expect((gammaFromOverlap(D, 0.5) - 1) / (3 / Math.sqrt(2 * D))).toBeCloseTo(1, 3);
});

test("in few dimensions, where every ratio overlaps, the ratio is capped", () => {
  expect(gammaFromOverlap(2, 0.5)).toBe(MAX_RATIO);
  expect(levels(16, 1, 2, 0.5)).toBe(5);
  expect(levels(1.1, 1, 2, 0.5)).toBe(2);
});

test("the largest distance of a cube's corners is its diagonal", () => {
  const corners = Float32Array.from(
    { length: 8 * 3 },
    (_, i) => ((Math.floor(i / 3) >> (i % 3)) & 1) * 2 - 1,
  );
  expect(maxPairwiseDistance(corners, 3)).toBeCloseTo(2 * Math.sqrt(3), 12);
});

test("the largest distance is the distance of the two farthest, wherever they stand; a cap only lowers it", () => {
  const D = 6;
  const samples = new Float32Array(200 * D);
  stream(1, "points").fillUniform(samples);
  samples.fill(-30, 71 * D, 72 * D);
  samples.fill(40, 199 * D, 200 * D);
  expect(maxPairwiseDistance(samples, D)).toBeCloseTo(70 * Math.sqrt(D), 4);
  expect(maxPairwiseDistance(samples, D, 20)).toBeLessThan(70 * Math.sqrt(D));
  expect(maxPairwiseDistance(samples.subarray(0, D), D)).toBe(0);
});

test("bad ranges are the user's to mend", () => {
  expect(() => geometricSigmas(1, 2, 10)).toThrow(UserError);
  expect(() => levels(1, 0, 784, 0.5)).toThrow("sigma max 1, sigma min 0");
  expect(() => levels(Number.NaN, 0.1, 784, 0.5)).toThrow(UserError);
  for (const C of [0, 1, -0.5, Number.NaN]) expect(() => gammaFromOverlap(784, C)).toThrow(UserError);
  expect(() => geometricSigmas(2, 1, 1)).toThrow("levels");
});
