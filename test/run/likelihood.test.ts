// Likelihoods through the graphs: exact for models that know the law of their data, with classes and in batches of any size.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import type { Network } from "../../lib/author/denoiser.ts";
import {
  add,
  cast,
  div,
  exp,
  mul,
  neg,
  perSample,
  sqrt,
  square,
  sub,
  tanh,
} from "../../lib/author/graph/ops.ts";
import type { Tensor } from "../../lib/author/graph/tensor.ts";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { JacobianField } from "../../lib/run/likelihood.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { logLikelihoods } from "../../lib/theory/likelihood.ts";
import { type TraceName, traces } from "../../lib/theory/traces.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");

const range = { sigmaMin: 0.05, sigmaMax: 100 };
const sigmaData = 0.6;
const dimensions = 3;

/**
 * The score times sigma of independent coordinates, each N(centre, v) or, in equal parts, N(centre ± m, v): with "ncsn", whose
 * networks see x / hypot(sigma, sigmaData) and 100 ln sigma, the exact denoiser. The centre is the label, where there is one.
 */
const exactNetwork: Network = (p, { x, noise, label }) => {
  const [m, v] = [
    p.get("m", [1], { kind: "constant", value: 0 }),
    p.get("v", [1], { kind: "constant", value: 1 }),
  ];
  const sigma = perSample(exp(div(noise, 100)), x);
  const variance = add(square(sigma), v);
  const own = mul(x, sqrt(add(square(sigma), sigmaData ** 2)));
  const away = label ? sub(own, perSample(cast(label, "float32"), x)) : own;
  const pull: Tensor = mul(m, tanh(div(mul(m, away), variance)));
  return neg(mul(sigma, div(sub(away, pull), variance)));
};

const settings = {
  network: { score: exactNetwork },
  data: { source: "g", shape: [dimensions], classes: 0, options: {} },
  noise: {
    preconditioning: "ncsn",
    weighting: "sigma-squared",
    schedule: { name: "ve", ...range },
    training: { kind: "ladder" as const },
    sigmas: [100, 0.05],
    sigmaData,
  },
};
const artifact = tinyArtifact(settings);

/** log p of the law of m and v, blurred by sigmaMin. */
function truth(x: Float32Array, m: number, v: number, centre = 0): number {
  const variance = v + range.sigmaMin ** 2;
  const normal = (at: number) => Math.exp(-(at ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
  return x.reduce(
    (sum, each) => sum + Math.log((normal(each - centre - m) + normal(each - centre + m)) / 2),
    0,
  );
}

function points(count: number, m: number, v: number): Float32Array[] {
  return Array.from({ length: count }, (_, i) => {
    const random = stream(2, "points", i);
    return Float32Array.from(
      { length: dimensions },
      () => (random.integer(2) ? m : -m) + Math.sqrt(v) * random.normal(),
    );
  });
}

interface Asked {
  readonly artifact?: Artifact;
  readonly weights: readonly [m: number, v: number];
  readonly x: readonly Float32Array[];
  readonly trace?: TraceName;
  readonly labels?: Int32Array;
  readonly tolerance?: number;
}

async function logp({ weights, x, labels, trace = "exact", ...asked }: Asked): Promise<number[]> {
  const options = { ort, device, artifact: asked.artifact ?? artifact, weights: Float32Array.from(weights) };
  await using model = await JacobianField.open(options);
  const field = traces[trace].field({
    form: (rows, directions) => model.at(rows, directions, labels),
    dimensions,
    random: x.map((_, i) => stream(3, "trace", i)),
  });
  const flat = Float32Array.from(x.flatMap((each) => [...each]));
  let values: number[] = [];
  const { tolerance = 1e-5 } = asked;
  for await (const now of logLikelihoods({ field, x: flat, dimensions, ...range, sigmaData, tolerance }))
    values = [...now.logDensities];
  return values;
}

// float32 costs up to 1e-7 of each of some hundred slopes; the law is symmetric, so that the prior is exact.
test.each([
  ["N(0, .09)", 0, 0.09],
  ["N(0, 1.2)", 0, 1.2],
  ["a mixture of 8 Gaussians", 0.5, 0.06],
] as const)("the exact trace through the graph: %s to 1e-3 nats", async (_, m, v) => {
  const x = points(11, m, v);
  const values = await logp({ weights: [m, v], x });
  expect(Math.max(...values.map((value, i) => Math.abs(value - truth(x[i]!, m, v))))).toBeLessThan(1e-3);
});

test("where coordinates know nothing of each other, signs give the trace itself", async () => {
  const [m, v] = [0.5, 0.06];
  const x = points(40, m, v);
  const values = await logp({ weights: [m, v], x, trace: "hutchinson" });
  expect(Math.max(...values.map((value, i) => Math.abs(value - truth(x[i]!, m, v))))).toBeLessThan(1e-3);
});

test("each sample is of its own class", async () => {
  const conditional = tinyArtifact({ ...settings, data: { ...settings.data, classes: 3 } });
  const v = 0.04;
  const labels = Int32Array.of(0, 2, 1, 0, 1);
  const x = points(5, 0, v).map((point, i) => point.map((each) => each + labels[i]!));
  const values = await logp({ artifact: conditional, weights: [0, v], x, labels });
  for (const [i, value] of values.entries()) {
    // Another class is 12 nats less likely and more; the prior knows nothing of the centres.
    expect(Math.abs(value - truth(x[i]!, 0, v, labels[i]))).toBeLessThan(0.2);
  }
  await expect(logp({ artifact: conditional, weights: [0, v], x })).rejects.toBeInstanceOf(UserError);
});

test("a sample's value depends neither on its company nor on the graph's batch", async () => {
  const [m, v] = [0.5, 0.06];
  const x = points(9, m, v);
  const [all, some] = [await logp({ weights: [m, v], x }), await logp({ weights: [m, v], x: x.slice(0, 2) })];
  expect(some).toEqual(all.slice(0, 2));
  const larger = tinyArtifact({ ...settings, batch: 32 });
  for (const [i, value] of (await logp({ artifact: larger, weights: [m, v], x })).entries())
    expect(value).toBeCloseTo(all[i]!, 4);
});

test("models of one level, and older ones, say why they have no likelihood", async () => {
  const single = tinyArtifact({ ...settings, noise: { ...settings.noise, sigmas: [0.5] } });
  const open = (given: Artifact) =>
    JacobianField.open({ ort, device, artifact: given, weights: new Float32Array(2) });
  await expect(open(single)).rejects.toThrow("tiny knows one noise level, 0.5; likelihoods need");
  const { likelihood: _, ...graphs } = artifact.manifest.graphs;
  const older = { ...artifact, manifest: { ...artifact.manifest, graphs } };
  await expect(open(older)).rejects.toThrow("without a graph for likelihoods; re-author with");
});
