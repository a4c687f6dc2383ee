// Sessions refuse what the runtime would crash on or read as garbage.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { UserError } from "../../lib/errors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { identityModel } from "../../lib/run/identity.ts";
import { openGraph, openSession } from "../../lib/run/session.ts";
import { tinyArtifact } from "../support/tiny-artifact.ts";

const host = { ort, device: await openDevice(ort, "cpu") };

test("a corrupt model is the user's to mend, in one line that names the file", async () => {
  for (const bytes of [Uint8Array.of(1, 2, 3), identityModel().slice(0, 30), new Uint8Array(0)]) {
    const error = await openSession(host, bytes, "runs/x: step_model.onnx").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(
      /^runs\/x: step_model\.onnx: ONNX Runtime cannot load it[^\n]*re-author/,
    );
  }
});

test("a tensor on a GPU never reaches a session on the CPU", async () => {
  await using session = await openSession(host, identityModel(), "identity");
  const tensor = ort.Tensor.fromGpuBuffer({} as never, { dataType: "float32", dims: [2] });
  await expect(session.run({ x: tensor })).rejects.toThrow('input "x" lies on "gpu-buffer"');
});

test("a graph of another model is refused before it runs", async () => {
  const artifact = tinyArtifact();
  const { step, sampling } = artifact.manifest.graphs;
  const load = (file: string, entry = step) => openGraph(host, artifact, { ...entry, file });
  await using _own = await load(step.file);
  const [small, large] = sampling;
  for (const swapped of [load(small!.file), load(large!.file, small)]) {
    const error = await swapped.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(
      /^tiny: \S+\.onnx is another model's graph: expected [^\n]*re-author/,
    );
  }
});
