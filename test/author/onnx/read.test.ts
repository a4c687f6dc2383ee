// Reading gives back the very expressions that were written, and refuses what portable graphs of ours do not have.
import { describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { AttributeProtoSchema, ModelProtoSchema } from "../../../lib/artifact/onnx/onnx_pb.ts";
import { vjps } from "../../../lib/author/autodiff/vjps.ts";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import { apply } from "../../../lib/author/graph/infer.ts";
import {
  abs,
  add,
  and,
  cast,
  concat,
  conv,
  convTranspose,
  cos,
  div,
  equal,
  erf,
  exp,
  expand,
  flip,
  floor,
  gather,
  less,
  lessOrEqual,
  log,
  matmul,
  max,
  maximum,
  minimum,
  mul,
  neg,
  not,
  pad,
  pow,
  reshape,
  sigmoid,
  sin,
  slice,
  softmax,
  softplus,
  sqrt,
  sub,
  sum,
  tanh,
  transpose,
  upsampleNearest,
  where,
} from "../../../lib/author/graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { encodeModel } from "../../../lib/author/onnx/model.ts";
import { readModel } from "../../../lib/author/onnx/read.ts";

const x = input("x", [2, 4, 5, 6]);
const row = input("row", [6]);
const label = input("label", [3], "int32");
const weight = input("weight", [6, 2, 3, 2]);
const bias = input("bias", [6]);

const windows = { stride: [2, 1], padding: [0, 1, 2, 1], dilation: [1, 2], groups: 2 } as const;

const written = (outputs: Readonly<Record<string, Tensor>>) => {
  const inputs = topological(Object.values(outputs)).filter((node) => isOp(node, "Input"));
  return { inputs, bytes: encodeModel(outputs, inputs) };
};

const pointwise = [abs, cos, erf, exp, floor, log, neg, sigmoid, sin, softplus, sqrt, tanh];
const binary = [add, div, equal, less, lessOrEqual, maximum, minimum, mul, pow, sub];

const expressions: Readonly<Record<string, Tensor>> = {
  ...Object.fromEntries(pointwise.map((op) => [op.name, op(x)])),
  ...Object.fromEntries(binary.map((op) => [op.name, op(x, row)])),
  logic: where(and(less(x, 0), not(less(row, x))), x, row),
  "cast to whole numbers": cast(x, "int32"),
  "sum of some axes": sum(x, { axes: [1, -1], keepdims: true }),
  "largest of all": max(x),
  softmax: softmax(x, 1),
  matmul: matmul(x, transpose(x, [0, 1, 3, 2])),
  "windows with a bias": conv(x, weight, bias, windows),
  "windows without": conv(x, weight, undefined, { groups: 2 }),
  "windows back": convTranspose(conv(x, weight, undefined, windows), weight, {
    ...windows,
    outputPadding: [1, 0],
  }),
  reshape: reshape(x, [8, -1]),
  "slices of two axes": slice(x, { axis: 3, start: 1, end: -1, step: 2 }, { axis: 1, start: 2 }),
  "reversed to the first": flip(x, 2),
  "reversed and cut": slice(x, { axis: 2, start: 3, end: 0, step: -2 }),
  pad: pad(x, [0, 0, 1, -1, 0, 2, 0, 3], -0.5),
  concat: concat([x, neg(x), x], 2),
  expand: expand(row, [3, 2, 6]),
  "gather by label": gather(x, label, 2),
  enlargement: upsampleNearest(x, [2, 3]),
  constants: where(
    constant(Uint8Array.of(1, 0, 1, 1, 0, 0)),
    gather(row, constant(BigInt64Array.of(0n, 1n, 2n, 3n, 4n, 5n)), 0),
    constant(Float32Array.from({ length: 24 }, Math.sin), [4, 6]),
  ),
};

test.each(Object.entries(expressions))("%s", (_, y) => {
  const { inputs, bytes } = written({ y });
  const read = readModel(bytes);
  expect(read.outputs.y).toBe(y);
  expect(read.inputs.every((each, i) => each === inputs[i])).toBe(true);
});

test("every operator is read but those that end before anything is written, and those that only lowerings make", () => {
  const read = new Set(topological(Object.values(expressions)).map(({ op }) => op));
  const others = (Object.keys(vjps) as OpType[]).filter((op) => !read.has(op));
  expect(others.sort()).toEqual([
    "BlockedConv",
    "ChannelAffine",
    "ConvWeightGrad",
    "FromBlocked",
    "Gemm",
    "NormalizedRows",
    "Part",
    "StopGradient",
    "ToBlocked",
  ]);
});

test("outputs keep their names and their order, also when they are one tensor or an input", () => {
  const y = exp(x);
  const { outputs } = readModel(written({ second: mul(y, 2), first: y, again: y, x_copy: x }).bytes);
  expect(Object.keys(outputs)).toEqual(["second", "first", "again", "x_copy"]);
  expect([outputs.first, outputs.again, outputs.x_copy]).toEqual([y, y, x]);
});

describe("what is refused", () => {
  const convolution = written({ y: conv(x, weight, bias, windows) }).bytes;
  /** The model with something changed. */
  const changed = (change: (model: ReturnType<typeof fromBinary<typeof ModelProtoSchema>>) => void) => {
    const model = fromBinary(ModelProtoSchema, convolution);
    change(model);
    return toBinary(ModelProtoSchema, model);
  };
  test.each([
    ["bytes that are no model", Uint8Array.of(1, 2, 3)],
    [
      "an attribute more",
      changed(({ graph }) => {
        const s = new TextEncoder().encode("SAME_UPPER");
        graph!.node[0]!.attribute.push(create(AttributeProtoSchema, { name: "auto_pad", s }));
      }),
    ],
    ["an attribute less", changed(({ graph }) => graph!.node[0]!.attribute.pop())],
    [
      "another operator",
      changed(({ graph }) => {
        graph!.node[0]!.opType = "ConvInteger";
      }),
    ],
    [
      "another operator set",
      changed(({ opsetImport }) => {
        opsetImport[0]!.version = 13n;
      }),
    ],
    [
      "a free extent",
      changed(({ graph }) => {
        const type = graph!.input[0]!.type!.value;
        if (type.case === "tensorType")
          type.value.shape!.dim[0]!.value = { case: "dimParam", value: "batch" };
      }),
    ],
    ["what only lowerings make", written({ y: apply("ToBlocked", [x], { block: 4 }) }).bytes],
  ])("%s", (_, bytes) => {
    expect(() => readModel(bytes)).toThrow();
  });
});
