// A model whose input became a constant computes what it did with that input fed.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { withConstantInput } from "../../../lib/artifact/onnx/constant-input.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, mul } from "../../../lib/author/graph/ops.ts";
import { encodeModel } from "../../../lib/author/onnx/model.ts";

const [x, w] = [input("x", [3]), input("w", [3])];
const model = encodeModel({ y: add(mul(x, w), w) }, [x, w]);

test("the input is gone and its value is used", async () => {
  const session = await ort.InferenceSession.create(withConstantInput(model, "w", Float32Array.of(1, 2, 3)));
  expect(session.inputNames).toEqual(["x"]);
  const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(10, 20, 30), [3]) });
  expect([...(y!.data as Float32Array)]).toEqual([11, 42, 93]);
  await session.release();
});

test("an input that the model lacks is an error", () => {
  expect(() => withConstantInput(model, "v", new Float32Array(3))).toThrow('no input "v"');
});
