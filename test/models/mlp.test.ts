// The perceptrons: an energy's score is its negative gradient under every preconditioning, and files say the same.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { input } from "../../lib/author/graph/constant.ts";
import { Parameters } from "../../lib/author/nn/parameters.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { Field } from "../../lib/run/field.ts";
import { initialState } from "../../lib/run/initialize.ts";
import { preconditionings } from "../../lib/theory/preconditioning.ts";
import { energyMlpModel, mlpModel } from "../../models/model.ts";
import { randomFeeds, relativeError } from "../support/compare.ts";
import { evaluate, type Value } from "../support/evaluate.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const options = { hidden: [16, 16], act_fn: "silu", frequencies: [1, 2] } as const;
const spec = { ...options, hidden: [...options.hidden], frequencies: [...options.frequencies] };
const data = { source: "points", shape: [2], classes: 0, options: {} };

const points = new Float32Array(2 * 7);
stream(3, "points").fillNormal(points);

for (const preconditioning of Object.keys(preconditionings)) {
  test(`${preconditioning}: the score is the negative gradient of the energy`, async () => {
    const noise = {
      preconditioning,
      weighting: "uniform",
      schedule: { name: "edm" },
      training: { kind: "ladder" } as const,
      sigmas: [2, 0.5],
      sigmaData: 0.8,
    };
    const { network } = energyMlpModel(spec)({ shape: [2], classes: 0, levels: 2 });
    const artifact = tinyArtifact({ network, data, noise });
    await using field = await Field.open({
      ort,
      device,
      artifact,
      weights: initialState(artifact.manifest, 1).params!,
    });
    for (const sigma of noise.sigmas) {
      const { score } = await field.at(points, sigma);
      const step = 0.02;
      for (let i = 0; i < points.length; i++) {
        const energyAt = async (offset: number) => {
          const moved = points.map((x, j) => (j === i ? x + offset : x));
          return (await field.at(moved, sigma)).energy![Math.floor(i / 2)]!;
        };
        const slope = ((await energyAt(step)) - (await energyAt(-step))) / (2 * step);
        // float32 energies leave about 1e-5 in the quotient, its third derivative step²/6.
        expect(Math.abs(score[i]! + slope)).toBeLessThan(2e-3 * Math.max(1, Math.abs(slope)));
      }
    }
  });
}

/** The perceptron on one sample in plain numbers: every coordinate, its waves frequency by frequency, then the noise and its waves. */
function answered(values: Record<string, Value>, x: readonly number[], noise: number): number[] {
  const waves = options.frequencies.flatMap((w) =>
    [Math.sin, Math.cos].flatMap((f) => x.map((xi) => f(w * xi))),
  );
  const angles = [2, 4, 8, 16].map((w) => w * noise);
  const seen = [...x, ...waves, noise, ...angles.map(Math.sin), ...angles.map(Math.cos)];
  const linear = (name: string, h: readonly number[]) =>
    Array.from(values[`${name}.bias`]!.data, (bias, row) =>
      h.reduce((total, hi, i) => total + hi * values[`${name}.weight`]!.data[row * h.length + i]!, bias),
    );
  const silu = (h: readonly number[]) => h.map((hi) => hi / (1 + Math.exp(-hi)));
  const first = silu(linear("hidden.0", seen));
  const second = silu(linear("hidden.1", first));
  return linear(
    "out",
    first.map((h, i) => h + second[i]!),
  );
}

test.each([1, 2, 3])(
  "weights of points with %d coordinates stand at the waves that they always stood at",
  (size) => {
    const { network } = mlpModel(spec)({ shape: [size], classes: 0, levels: 2 });
    if (!("score" in network)) throw new Error("expected a score network");
    const y = network.score(new Parameters(), { x: input("x", [5, size]), noise: input("noise", [5]) });
    const feeds = randomFeeds([y]);
    const [got] = evaluate([y], feeds);
    const samples = Array.from({ length: 5 }, (_, i) =>
      answered(feeds, Array.from(feeds.x!.data).slice(i * size, (i + 1) * size), feeds.noise!.data[i]!),
    );
    expect(relativeError(got!, samples.flat())).toBeLessThan(1e-12);
  },
);

// With weights of zero F = 0, and under EDM's preconditioning the score is that of N(0, sigmaData²) blurred by sigma.
test("field: any number of points, with the exact score where the network is silent", async () => {
  const noise = {
    preconditioning: "edm",
    weighting: "uniform",
    schedule: { name: "edm" },
    training: { kind: "ladder" } as const,
    sigmas: [1, 0.1],
    sigmaData: 0.7,
  };
  const { network } = mlpModel(spec)({ shape: [2], classes: 0, levels: 2 });
  const artifact = tinyArtifact({ network, data, noise });
  const weights = new Float32Array(artifact.manifest.parameterCount);
  await using field = await Field.open({ ort, device, artifact, weights });
  expect(field.hasEnergy).toBe(false);
  for (const sigma of [1, 0.1, 0.004]) {
    const { score, energy } = await field.at(points, sigma);
    expect(energy).toBeUndefined();
    const worst = score.reduce(
      (most, s, i) => Math.max(most, Math.abs(s + points[i]! / (sigma ** 2 + 0.7 ** 2))),
      0,
    );
    // D - x is divided by sigma², and x has an ulp of 1e-7.
    expect(worst).toBeLessThan(3e-7 / sigma ** 2 + 1e-6);
  }
});

test("a model that knows one level is not told which", () => {
  const parameters = (levels: number) => {
    const { network } = mlpModel(spec)({ shape: [2], classes: 0, levels });
    return tinyArtifact({ network, data }).manifest.parameterCount;
  };
  expect(parameters(2) - parameters(1)).toBe(9 * 16);
});
