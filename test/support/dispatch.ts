// Runs the model at argv[2] once on WebGPU, on zeros, with a line of log on standard error for every kernel that is started.
import { readFile } from "node:fs/promises";
import * as ort from "onnxruntime-node";
import { sizeOf } from "../../lib/artifact/shape.ts";
import { openDevice } from "../../lib/run/device.ts";

const { sessionOptions } = await openDevice(ort, "webgpu", { strict: true });
// Where each kernel is told of.
ort.env.logLevel = "verbose";
const session = await ort.InferenceSession.create(new Uint8Array(await readFile(process.argv[2]!)), {
  ...sessionOptions,
  logSeverityLevel: 0,
});
const feeds = session.inputMetadata.map((input) => {
  if (!input.isTensor) throw new Error(`${input.name} is no tensor`);
  const shape = input.shape.map(Number);
  return [input.name, new ort.Tensor("float32", new Float32Array(sizeOf(shape)), shape)];
});
await session.run(Object.fromEntries(feeds));
await session.release();
