// Initial weights follow the manifest, each parameter from a stream of its own.
import { expect, test } from "bun:test";
import type { Manifest } from "../../lib/artifact/manifest.ts";
import { initialParameters, initialState } from "../../lib/run/initialize.ts";
import { tinyManifest } from "../support/tiny-manifest.ts";

const size = 20000;
const manifest: Manifest = {
  ...tinyManifest,
  parameters: [
    { name: "u", shape: [size], offset: 0, init: { kind: "uniform", bound: 0.3 } },
    { name: "n", shape: [100, size / 100], offset: size, init: { kind: "normal", std: 2 } },
    { name: "c", shape: [4], offset: 2 * size, init: { kind: "constant", value: -1 } },
  ],
  parameterCount: 2 * size + 4,
};

const variance = (values: Float32Array) => values.reduce((sum, x) => sum + x * x, 0) / values.length;

// The standard error of a variance is at most sqrt(2/20000) of it; five of them are allowed (false alarms 6e-7).
test("the distributions are those of the manifest", () => {
  const flat = initialParameters(manifest, 7);
  const [u, n, c] = [flat.subarray(0, size), flat.subarray(size, 2 * size), flat.subarray(2 * size)];
  expect(Math.max(...u.map(Math.abs))).toBeLessThanOrEqual(Math.fround(0.3));
  expect(Math.abs(variance(u) / 0.03 - 1)).toBeLessThan(0.05);
  expect(Math.abs(variance(n) / 4 - 1)).toBeLessThan(0.05);
  expect([...c]).toEqual([-1, -1, -1, -1]);
});

test("a parameter's numbers depend on its name and the seed, not on its neighbours", () => {
  const [, normal] = manifest.parameters;
  const alone = { ...manifest, parameters: [{ ...normal!, offset: 0 }], parameterCount: size };
  const whole = initialParameters(manifest, 7);
  expect(initialParameters(alone, 7)).toEqual(whole.slice(size, 2 * size));
  expect(initialParameters(alone, 8)).not.toEqual(whole.slice(size, 2 * size));
});

test("training starts with the average at the weights and empty slots", () => {
  const { params, ema, m, v } = initialState(manifest, 7);
  expect(ema).toEqual(params!);
  expect(ema).not.toBe(params);
  expect([m, v]).toEqual([new Float32Array(params!.length), new Float32Array(params!.length)]);
});
