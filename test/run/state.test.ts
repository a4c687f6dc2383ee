// Tensors stay where the device computes: those that a run makes take the place of others, whose memory is given back.
import { expect, spyOn, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { type Device, openDevice } from "../../lib/run/device.ts";
import { Feeds } from "../../lib/run/feeds.ts";
import { Field } from "../../lib/run/field.ts";
import { initialState } from "../../lib/run/initialize.ts";
import { openGraph } from "../../lib/run/session.ts";
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

test("what a run replaces is given back at once", async () => {
  const host = { ort, device };
  const { manifest } = artifact;
  await using tensors = await openResident(host);
  await using graph = await openGraph(host, artifact, manifest.graphs.step);
  const states = Object.values(graph.replaces);
  const start = initialState(manifest, 5);
  for (const name of states) await tensors.set(name, [manifest.parameterCount], start[name]!);
  using run = spyOn(graph.session, "run");
  await tensors.run(graph, new Feeds(ort, manifest, graph.entry).tensors);
  const [fed] = run.mock.calls[0]!;
  for (const name of states) {
    expect(fed[name]!.data).toHaveLength(0);
    expect(start[name]!).toHaveLength(manifest.parameterCount);
    expect(await tensors.read(name)).toHaveLength(manifest.parameterCount);
  }
});
