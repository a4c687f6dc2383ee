// The likelihood graph: a quadratic form of the denoiser's Jacobian, for networks and for energies, by central differences.
import { expect, test } from "bun:test";
import type { Network } from "../../lib/author/denoiser.ts";
import { type EnergyNetwork, gradientField } from "../../lib/author/energy.ts";
import { add, matmul, mul, perSample, sum, tanh } from "../../lib/author/graph/ops.ts";
import { declareParameters, type Model } from "../../lib/author/graphs.ts";
import { Layout } from "../../lib/author/layout.ts";
import { likelihoodOutputs } from "../../lib/author/likelihood.ts";
import { expectAgreement, randomFeeds, relativeError } from "../support/compare.ts";
import { directionalDifference } from "../support/differences.ts";
import { evaluate } from "../support/evaluate.ts";
import { tinyFiles } from "../support/tiny-artifact.ts";

const normal = { kind: "normal", std: 1 } as const;

const network: Network = (p, { x, noise }) => {
  const hidden = tanh(add(matmul(x, p.get("first", [3, 8], normal)), perSample(noise, x)));
  return matmul(hidden, p.get("second", [8, 3], normal));
};
const energy: EnergyNetwork = (p, { x }) =>
  sum(mul(tanh(matmul(x, p.get("first", [3, 8], normal))), p.get("second", [8], normal)), { axes: [1] });

const models: Record<string, Model> = {
  "a network": { network, shape: [3], classes: 0 },
  "an energy": { network: gradientField(energy), energy, shape: [3], classes: 0 },
};

test.each(Object.entries(models))("%s: vᵀ·(dD/dx)·v of each sample", async (_, model) => {
  const outputs = likelihoodOutputs(model, 4, new Layout(declareParameters(model)));
  const [denoised, divergence] = [outputs.denoised!.tensor, outputs.divergence!.tensor];
  expect([denoised.shape, divergence.shape]).toEqual([[4, 3], [4]]);
  const feeds = randomFeeds([denoised, divergence]);
  const along = directionalDifference(denoised, feeds, { x: feeds.direction! });
  const v = feeds.direction!.data;
  const wanted = [0, 1, 2, 3].map((i) =>
    [0, 1, 2].reduce((total, d) => total + v[3 * i + d]! * along[3 * i + d]!, 0),
  );
  expect(relativeError(evaluate([divergence], feeds)[0]!, wanted)).toBeLessThan(1e-8);
  await expectAgreement([denoised, divergence], feeds, 1e-5);
});

test("models of many levels have the graph, those of one do without", () => {
  const { noise, graphs, batch } = tinyFiles().manifest;
  expect(graphs.likelihood!.outputs.map(({ name, role }) => [name, role])).toEqual([
    ["denoised", "sample"],
    ["divergence", "metric"],
  ]);
  expect(graphs.likelihood!.inputs.find(({ name }) => name === "direction")?.shape).toEqual([batch, 1, 2, 2]);
  expect(tinyFiles({ noise: { ...noise, sigmas: [0.5] } }).manifest.graphs.likelihood).toBeUndefined();
});
