// Weights travel between named tensors and one flat vector, under diffusers' names of today and of old.
import { expect, test } from "bun:test";
import { flatParameters, namedParameters } from "../../lib/artifact/parameters.ts";
import type { SafeTensor } from "../../lib/artifact/safetensors.ts";
import { tinyManifest } from "../support/tiny-manifest.ts";

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i);
const vector = (...values: number[]): SafeTensor => ({
  dtype: "F32",
  shape: [values.length],
  data: Float32Array.from(values),
});

test("names are views of the flat vector, in its order", () => {
  const flat = ramp(27);
  const named = namedParameters(tinyManifest, flat);
  expect([...named.keys()]).toEqual(["conv_in.weight", "conv_in.bias", "time_embedding.weight"]);
  expect(named.get("conv_in.bias")).toEqual({ dtype: "F32", shape: [2], data: Float32Array.of(18, 19) });
  expect(named.get("conv_in.bias")?.data.buffer).toBe(flat.buffer);
  expect(flatParameters(tinyManifest, named, "here")).toEqual(flat);
});

test("a vector of another length is our own mistake", () => {
  expect(() => namedParameters(tinyManifest, ramp(26))).toThrow("expected 27 floats, got 26");
});

const projections = ["to_q", "to_k", "to_v", "to_out.0"];
const attention = {
  parameters: projections.flatMap((name, i) => [
    { name: `mid.${name}.weight`, shape: [1], offset: 2 * i, init: { kind: "constant", value: 0 } as const },
    {
      name: `mid.${name}.bias`,
      shape: [1],
      offset: 2 * i + 1,
      init: { kind: "constant", value: 0 } as const,
    },
  ]),
  parameterCount: 8,
};

test("attention's legacy names are understood", () => {
  const legacy = ["query", "key", "value", "proj_attn"].flatMap((name, i): [string, SafeTensor][] => [
    [`mid.${name}.weight`, vector(2 * i)],
    [`mid.${name}.bias`, vector(2 * i + 1)],
  ]);
  expect(flatParameters(attention, new Map(legacy), "here")).toEqual(ramp(8));
});

test("a legacy name beside its modern one is unexpected", () => {
  const both = namedParameters(attention, ramp(8)).set("mid.query.weight", vector(9));
  expect(() => flatParameters(attention, both, "here")).toThrow("1 unexpected: mid.query.weight");
});

test("double precision is rounded, whole numbers are refused", () => {
  const named = namedParameters(tinyManifest, ramp(27));
  named.set("conv_in.bias", { dtype: "F64", shape: [2], data: Float64Array.of(0.1, 0.2) });
  expect(flatParameters(tinyManifest, named, "here").subarray(18, 20)).toEqual(Float32Array.of(0.1, 0.2));
  named.set("conv_in.bias", { dtype: "I32", shape: [2], data: Int32Array.of(1, 2) });
  expect(() => flatParameters(tinyManifest, named, "here")).toThrow(
    "conv_in.bias (expected F32 [2], got I32 [2])",
  );
});

test("what is missing, unexpected and misshapen is named, the first three of each", () => {
  const extra = ["a", "b", "c", "d"].map((name) => [name, vector(0)] as const);
  const strange = new Map([...extra, ["conv_in.bias", vector(1, 2, 3)] as const]);
  expect(() => flatParameters(tinyManifest, strange, "weights.safetensors")).toThrow(
    "weights.safetensors: weights are not of this model: 2 missing: conv_in.weight, time_embedding.weight; " +
      "4 unexpected: a, b, c, …; 1 of another shape: conv_in.bias (expected F32 [2], got F32 [3])",
  );
});
