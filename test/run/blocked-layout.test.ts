// The probe of the blocked layout: what it runs, and what it concludes from what comes back.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { input } from "../../lib/author/graph/constant.ts";
import { apply } from "../../lib/author/graph/infer.ts";
import { encodeModel } from "../../lib/author/onnx/model.ts";
import { blockedLayout, reorderingModel } from "../../lib/run/blocked-layout.ts";
import type { Runtime } from "../../lib/run/device.ts";

const options = { executionProviders: ["cpu"], logSeverityLevel: 4 } as const;

test("runs one reordering", () => {
  const x = input("x", [1, 16, 1, 2]);
  const y = apply("ToBlocked", [x], { block: 16 });
  expect(reorderingModel()).toEqual(encodeModel({ y }, [x]));
});

/** A runtime that blocks channels of [1,16,1,2] by `block`. */
function blocking(block: number): Runtime {
  const order = Float32Array.from({ length: 32 }, (_, i) => {
    const [pair, rest] = [Math.floor(i / (2 * block)), i % (2 * block)];
    return 2 * (pair * block + (rest % block)) + Math.floor(rest / block);
  });
  const session = { run: async () => ({ y: { data: order } }), release: async () => {} };
  const InferenceSession = { create: async () => session } as unknown as Runtime["InferenceSession"];
  return { ...ort, InferenceSession };
}

test.each([
  [8, "cpu-nchwc8"],
  [16, "cpu-nchwc16"],
  [4, undefined],
] as const)("blocks of %d are %s", async (block, name) => {
  expect(await blockedLayout(blocking(block), options)).toBe(name);
});

test("a runtime without the operators has none", async () => {
  const InferenceSession = {
    create: () => Promise.reject(new Error("ReorderInput is not a registered function/op")),
  } as unknown as Runtime["InferenceSession"];
  expect(await blockedLayout({ ...ort, InferenceSession }, options)).toBeUndefined();
});

test("this machine's answer is one of them, or none", async () => {
  expect(["cpu-nchwc8", "cpu-nchwc16", undefined]).toContain(await blockedLayout(ort, options));
});
