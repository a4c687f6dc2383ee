// The negatives graph takes the Langevin steps that its settings describe, and comes with the objectives that need it.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { parseManifest } from "../../lib/artifact/manifest.ts";
import type { EnergyNetwork } from "../../lib/author/energy.ts";
import { mul, square, sum } from "../../lib/author/graph/ops.ts";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { tinyFiles } from "../support/tiny-artifact.ts";

/** E(x) = stiffness/2·‖x‖², so that the score is -stiffness·x. */
const quadratic: EnergyNetwork = (p, { x }) =>
  mul(sum(square(x), { axes: [1] }), mul(p.get("stiffness", [1], { kind: "constant", value: 1 }), 0.5));

const langevin = { start: "contrastive-divergence", steps: 6, stepsPerRun: 3, noise: 0.3 } as const;
const settings = {
  network: { energy: quadratic },
  objective: "contrastive-divergence",
  noise: {
    preconditioning: "score",
    weighting: "uniform",
    schedule: { name: "edm" },
    training: { kind: "ladder" as const },
    sigmas: [0],
    sigmaData: 1,
  },
  data: { source: "g", shape: [2], classes: 0, options: {} },
  batch: 4,
} as const;

async function step(limit: number | null, range: readonly [number, number] | null, z: Float32Array) {
  const negatives = { ...langevin, stepSize: 0.2, limit, range };
  const { manifest, files } = tinyFiles({ ...settings, negatives });
  const entry = parseManifest(JSON.parse(JSON.stringify(manifest)), "here").graphs.negatives!;
  const session = await ort.InferenceSession.create(files.get(entry.file)!);
  const values = { x: start, z, params: Float32Array.of(1.5) };
  const feeds = entry.inputs.map(({ name, shape, feed }) => {
    const data = feed === "sigma" ? new Float32Array(4).fill(1) : values[name as keyof typeof values];
    return [name, new ort.Tensor("float32", name === "s_skip" ? new Float32Array(4) : data, shape)];
  });
  const { x_next } = await session.run(Object.fromEntries(feeds));
  await session.release();
  return x_next!.data as Float32Array;
}

const start = Float32Array.of(1, -2, 0.1, 3, -0.5, 0.7, 2, -3);

describe("three steps of one run", () => {
  const z = new Float32Array(4 * 3 * 2);
  stream(1, "z").fillNormal(z);
  const settings = [
    ["unbounded", null, null],
    ["moves within ±0.25", 0.25, null],
    ["samples within [-1, 0.8]", null, [-1, 0.8]],
    ["both", 0.25, [-1, 0.8]],
  ] as const;

  test.each(settings)("%s", async (_name, limit, range) => {
    const clip = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
    const bound = limit ?? Infinity;
    const [low, high] = range ?? [-Infinity, Infinity];
    const expected = start.map((x, i) => {
      let at = x;
      for (let k = 0; k < 3; k++) {
        const noise = z[Math.floor(i / 2) * 6 + 2 * k + (i % 2)]!;
        at = clip(at + clip(0.2 * -1.5 * at, -bound, bound) + 0.3 * noise, low, high);
      }
      return at;
    });
    const found = await step(limit, range, z);
    for (const [i, value] of expected.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5);
  });
});

test("an objective that learns from negatives wants their settings; the others leave them out", () => {
  expect(() => tinyFiles(settings)).toThrow(UserError);
  expect(() => tinyFiles(settings)).toThrow(/"contrastive-divergence" learns from samples of the model/);
  const negatives = { ...langevin, stepSize: 0.1, limit: null, range: null };
  const { manifest, files } = tinyFiles({ ...settings, objective: "implicit", negatives });
  expect([manifest.negatives, manifest.graphs.negatives]).toEqual([undefined, undefined]);
  expect(files.has("negatives_model.onnx")).toBe(false);
});
