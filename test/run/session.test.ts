// Sessions refuse what the runtime would crash on or read as garbage.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { UserError } from "../../lib/errors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { identityModel } from "../../lib/run/identity.ts";
import { openSession } from "../../lib/run/session.ts";

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
