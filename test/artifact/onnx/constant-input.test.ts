// A model whose input became a constant computes what it did with that input fed.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { withConstantInput } from "../../../lib/artifact/onnx/constant-input.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, mul, slice } from "../../../lib/author/graph/ops.ts";
import { encodeModel } from "../../../lib/author/onnx/model.ts";

const quiet = { logSeverityLevel: 4 } as const;
const [x, w] = [input("x", [3]), input("w", [3])];
const model = encodeModel({ y: add(mul(x, w), w) }, [x, w]);

test("the input is gone and its value is used", async () => {
  const session = await ort.InferenceSession.create(
    withConstantInput(model, "w", Float32Array.of(1, 2, 3)),
    quiet,
  );
  expect(session.inputNames).toEqual(["x"]);
  const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(10, 20, 30), [3]) });
  expect([...(y!.data as Float32Array)]).toEqual([11, 42, 93]);
  await session.release();
});

test("an input that the model lacks is an error", () => {
  expect(() => withConstantInput(model, "v", new Float32Array(3))).toThrow('no input "v"');
});

test("slices of the vector are constants of their own, which together are no larger than it", async () => {
  const flat = input("flat", [1000]);
  const parts = Array.from({ length: 10 }, (_, i) =>
    slice(flat, { axis: 0, start: 100 * i, end: 100 * i + 100 }),
  );
  const cut = encodeModel({ y: parts.reduce((sum, part) => add(sum, part)) }, [flat]);
  const data = Float32Array.from({ length: 1000 }, (_, i) => i);
  const constant = withConstantInput(cut, "flat", data);
  expect(constant.length).toBeLessThan(cut.length + 1.1 * data.byteLength);
  const session = await ort.InferenceSession.create(constant, quiet);
  const { y } = await session.run({});
  expect(Array.from(y!.data as Float32Array)).toEqual(
    Array.from({ length: 100 }, (_, i) => parts.reduce((sum, _, k) => sum + 100 * k + i, 0)),
  );
  await session.release();
});

test("a vector that is read as a whole besides stays", async () => {
  const model = encodeModel({ y: add(w, slice(w, { axis: 0, start: 1, end: 2 })) }, [w]);
  const session = await ort.InferenceSession.create(
    withConstantInput(model, "w", Float32Array.of(1, 2, 3)),
    quiet,
  );
  const { y } = await session.run({});
  expect([...(y!.data as Float32Array)]).toEqual([3, 4, 5]);
  await session.release();
});
