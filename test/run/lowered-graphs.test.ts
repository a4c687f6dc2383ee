// Graphs for the machine's own layout: chosen by the device, equal to the portable ones, and left out of what is exported.
import { expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import * as ort from "onnxruntime-node";
import { graphFiles, portable } from "../../lib/artifact/graph-files.ts";
import { loweringNames } from "../../lib/artifact/lowering.ts";
import type { Authored } from "../../lib/author/author.ts";
import type { Network } from "../../lib/author/denoiser.ts";
import { conv, tanh } from "../../lib/author/graph/ops.ts";
import { lowerModel } from "../../lib/author/lower-model.ts";
import { stream } from "../../lib/random.ts";
import { openDevice } from "../../lib/run/device.ts";
import { openArtifact, readManifest, writeArtifact, writeModelFolder } from "../../lib/run/folder.ts";
import { initialParameters } from "../../lib/run/initialize.ts";
import { sample } from "../../lib/run/sample.ts";
import { type Artifact, openGraph } from "../../lib/run/session.ts";
import { Trainer } from "../../lib/run/train.ts";
import { relativeError } from "../support/compare.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";
import { tinyFiles } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const { lowering } = device;

/** Three convolutions of which the middle one has whole blocks. */
const network: Network = (p, { x }) => {
  const weight = (name: string, out: number, into: number) =>
    p.get(name, [out, into, 3, 3], { kind: "normal", std: 0.1 });
  const first = tanh(conv(x, weight("first", 16, 1), undefined, { padding: 1 }));
  const second = tanh(conv(first, weight("second", 16, 16), undefined, { padding: 1 }));
  return conv(second, weight("third", 1, 16), undefined, { padding: 1 });
};

const shape = [1, 4, 4];
const authored = tinyFiles({
  network: { score: network },
  data: { source: "noise", shape, classes: 0, options: {} },
  lowering: lowering ?? "cpu-nchwc16",
});

/** The artifact in memory, which remembers what was read. */
function opened({ manifest, files }: Authored): Artifact & { readonly asked: string[] } {
  const asked: string[] = [];
  const read = async (file: string) => {
    asked.push(file);
    return files.get(file)!;
  };
  return { manifest, where: "lowered", read, asked };
}

const batches = async (step: number) => {
  const x = new Float32Array(authored.manifest.batch * 16);
  stream(step, "batch").fillNormal(x);
  return { x };
};

async function trained(artifact: Artifact, steps: number, on = device) {
  await using trainer = await Trainer.create({ ort, device: on, artifact, seed: 1, batches });
  const losses: number[] = [];
  for await (const { loss } of trainer.steps(steps)) losses.push(loss);
  return { losses, params: await trainer.readVector("params") };
}

const plain = { ...device, lowering: undefined };

test("every graph that is run and has convolutions is there in both forms", () => {
  const { graphs } = authored.manifest;
  const named = Object.values(graphs.step.lowered ?? {});
  expect(named).toEqual([`step_model.${lowering ?? "cpu-nchwc16"}.onnx`]);
  expect(Object.keys(graphs.sampling[0]!.lowered ?? {})).toHaveLength(1);
  expect(Object.keys(graphs.eval.lowered ?? {})).toHaveLength(1);
  expect([graphs.training.lowered, graphs.optimizer.lowered]).toEqual([undefined, undefined]);
  expect([...authored.files.keys()].sort()).toEqual(graphFiles(authored.manifest).sort());
});

test.skipIf(!lowering)("the device takes its own, and trains as the portable graphs do", async () => {
  const [own, portable] = [opened(authored), opened(authored)];
  const [fast, slow] = [await trained(own, 5), await trained(portable, 5, plain)];
  expect(own.asked).toEqual([`step_model.${lowering}.onnx`]);
  expect(portable.asked).toEqual(["step_model.onnx"]);
  expect(relativeError(fast.losses, slow.losses)).toBeLessThan(1e-5);
  expect(relativeError(fast.params, slow.params)).toBeLessThan(1e-4);
});

test("a device of another layout takes the portable ones", async () => {
  const other = loweringNames.find((name) => name !== (lowering ?? "cpu-nchwc16"));
  const artifact = opened(authored);
  await trained(artifact, 1, { ...device, lowering: other });
  expect(artifact.asked).toEqual(["step_model.onnx"]);
});

test.skipIf(!lowering)("both draw the same samples", async () => {
  const artifact = opened(authored);
  const weights = initialParameters(artifact.manifest, 0);
  const draw = async (on: typeof device) => {
    const steps = [{ sigma: 0.5, a: 0.5, b: 0.5, c: 0.1 }];
    let x = new Float32Array();
    const options = { ort, device: on, artifact, weights, steps, initialSigma: 1, count: 5, seed: 2 };
    for await (const progress of sample(options)) x = new Float32Array(await progress.x());
    return x;
  };
  expect(relativeError(await draw(device), await draw(plain))).toBeLessThan(1e-6);
});

test.skipIf(!lowering)("graphs that were written elsewhere are lowered where they are run", async () => {
  const asked: string[] = [];
  const lower = (...[model, name, constants]: Parameters<typeof lowerModel>) => {
    asked.push([name, ...constants].join(" "));
    return lowerModel(model, name, constants);
  };
  const host = { ort, device, lower };
  const params = initialParameters(authored.manifest, 0);
  const open = async (artifact: Artifact) => {
    const { step, sampling } = artifact.manifest.graphs;
    await using _step = await openGraph(host, artifact, step);
    await using _sampling = await openGraph(host, artifact, sampling[0]!, { constants: { params } });
  };
  await open(opened(authored));
  expect(asked).toEqual([]);
  await open(opened({ ...authored, manifest: portable(authored.manifest) }));
  expect(asked).toEqual([lowering!, `${lowering} params`]);
});

test("what is exported is portable alone", async () => {
  using folder = new TemporaryFolder();
  const run = `${folder.path}/run`;
  await writeArtifact(run, authored.manifest, authored.files);
  const artifact = await openArtifact(run);
  expect(graphFiles(artifact.manifest).some((file) => file.includes("nchwc"))).toBe(true);
  const model = `${folder.path}/model`;
  await writeModelFolder(model, artifact, initialParameters(artifact.manifest, 0));
  expect(graphFiles(await readManifest(model)).filter((file) => file.includes("nchwc"))).toEqual([]);
  expect((await readdir(model)).filter((file) => file.includes("nchwc"))).toEqual([]);
});
