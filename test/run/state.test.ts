// Tensors stay where the device computes: buffers that runs write and tensors that runs make are the same to a training.
import { expect, spyOn, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { type Device, openDevice } from "../../lib/run/device.ts";
import { Feeds } from "../../lib/run/feeds.ts";
import { Field } from "../../lib/run/field.ts";
import { initialState } from "../../lib/run/initialize.ts";
import { openGraph, type Tensors } from "../../lib/run/session.ts";
import { openResident } from "../../lib/run/state.ts";
import { Trainer } from "../../lib/run/train.ts";
import { gaussianBatches } from "../support/gaussian-batches.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const artifact = tinyArtifact();
const open = (on: Device) =>
  Trainer.create({ ort, device: on, artifact, seed: 5, batches: gaussianBatches(8 * 4, 0.5) });

async function train(trainer: Trainer, to: number): Promise<void> {
  for await (const _ of trainer.steps(to));
}

test("a training is the same to the bit where runs write nothing that they are given, as in WebAssembly", async () => {
  await using buffered = await open(device);
  await using made = await open({ ...device, resident: "wasm" });
  for (const trainer of [buffered, made]) await train(trainer, 7);
  const start = await buffered.read();
  expect(await made.read()).toEqual(start);
  for (const trainer of [buffered, made]) await train(trainer, 9);
  expect(await made.read()).toEqual(await buffered.read());
  expect((await made.read()).tensors).not.toEqual(start.tensors);
});

test("a trainer's field is that of its averaged weights, whatever they have become", async () => {
  await using trainer = await open(device);
  await using live = await trainer.field();
  const points = Float32Array.from({ length: 7 * 4 }, (_, i) => Math.sin(i));
  const scores = [];
  for (const to of [3, 20]) {
    await train(trainer, to);
    const weights = await trainer.readVector("ema");
    await using opened = await Field.open({ ort, device, artifact, weights });
    const { score } = await live.at(points, 0.5);
    expect(score).toEqual((await opened.at(points, 0.5)).score);
    scores.push(score);
  }
  expect(scores[0]).not.toEqual(scores[1]);
});

test("copies that the runtime makes of what it wrote are given back at once", async () => {
  const host = { ort, device };
  const { manifest } = artifact;
  await using tensors = await openResident(host);
  await using graph = await openGraph(host, artifact, manifest.graphs.step);
  const states = Object.values(graph.replaces);
  const start = initialState(manifest, 5);
  for (const name of states) await tensors.set(name, [manifest.parameterCount], start[name]!);
  const answers: Tensors[] = [];
  const run = graph.session.run.bind(graph.session);
  using _ = spyOn(graph.session, "run").mockImplementation(async (...given) => {
    const answer = await run(...given);
    answers.push(answer);
    return answer;
  });
  await tensors.run(graph, new Feeds(ort, manifest, graph.entry).tensors);
  for (const output of Object.keys(graph.replaces)) expect(answers[0]![output]!.data).toHaveLength(0);
  for (const name of states) expect(await tensors.read(name)).toHaveLength(manifest.parameterCount);
});
