// Emission writes what ONNX says: read back with the schema and executed by ONNX Runtime.
import { describe, expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import { TensorProto_DataType as DataType, ModelProtoSchema } from "../../../lib/artifact/onnx/onnx_pb.ts";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import { apply } from "../../../lib/author/graph/infer.ts";
import { add, cast, concat, div, mul, pad, reshape, slice, sum } from "../../../lib/author/graph/ops.ts";
import { encodeModel, opset } from "../../../lib/author/onnx/model.ts";

const x = input("x", [2, 3]);
const y = input("y", [3]);
const i = input("i", [4], "int64");

const read = (...args: Parameters<typeof encodeModel>) =>
  fromBinary(ModelProtoSchema, encodeModel(...args)).graph!;
const names = (values: readonly { name: string }[]) => values.map(({ name }) => name);

test("the header names the operator set and its representation", () => {
  const proto = fromBinary(ModelProtoSchema, encodeModel({ out: add(x, y) }, [x, y]));
  expect(proto.irVersion).toBe(10n);
  expect(proto.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([["", BigInt(opset)]]);
  expect(proto.producerName).toBe("langevin");
});

describe("inputs", () => {
  test("are declared in the order given, with shape and type, needed or not", () => {
    const graph = read({ out: mul(x, 2) }, [i, x]);
    expect(names(graph.input)).toEqual(["i", "x"]);
    const [first, second] = graph.input.map(({ type }) => type!.value);
    expect(first).toMatchObject({ case: "tensorType", value: { elemType: DataType.INT64 } });
    expect(second).toMatchObject({
      value: {
        elemType: DataType.FLOAT,
        shape: { dim: [{ value: { value: 2n } }, { value: { value: 3n } }] },
      },
    });
  });

  test("that are needed but not listed are an error", () => {
    expect(() => encodeModel({ out: add(x, y) }, [x])).toThrow(
      'encodeModel: the outputs need input "y", which is not listed',
    );
  });
});

describe("outputs", () => {
  test("have the names given, also when two names share a node or name a leaf", () => {
    const total = sum(x);
    const graph = read({ loss: total, again: total, copy: x, fixed: constant(Float32Array.of(1)) }, [x]);
    expect(names(graph.output)).toEqual(["loss", "again", "copy", "fixed"]);
    const written = graph.node.flatMap(({ output }) => output);
    expect(new Set(written).size).toBe(written.length);
    expect(written).toEqual(expect.arrayContaining(["loss", "again", "copy", "fixed"]));
  });

  test("that are used further inside keep their names there", () => {
    const inner = mul(x, 2);
    const graph = read({ inner, outer: add(inner, 1) }, [x]);
    expect(graph.node.map(({ opType, input: from, output }) => [opType, from[0], output[0]])).toEqual([
      ["Mul", "x", "inner"],
      ["Add", "inner", "outer"],
    ]);
  });
});

describe("names that clash are an error", () => {
  test("of two inputs", () => {
    expect(() => encodeModel({ out: x }, [x, input("x", [3])])).toThrow(
      'encodeModel: expected distinct names of inputs and outputs, got "x" twice',
    );
  });

  test("of an input and an output", () => {
    expect(() => encodeModel({ x: mul(x, 2) }, [x])).toThrow(
      'encodeModel: expected distinct names of inputs and outputs, got "x" twice',
    );
  });

  test("with the names that emission makes up", () => {
    expect(() => encodeModel({ out: add(input("n0", []), 1) }, [input("n0", [])])).toThrow(
      'encodeModel: the name "n0" is reserved for the inside of the graph',
    );
  });
});

describe("literals", () => {
  test("are written once each, whichever operator uses them", () => {
    const a = slice(x, { axis: 1, start: 0, end: 2 });
    const b = slice(mul(x, 2), { axis: 1, start: 0, end: 2 });
    const graph = read({ out: add(mul(a, 2), reshape(b, [2, 2])), flat: reshape(add(a, b), [4]) }, [x]);
    const texts = graph.initializer.map(({ dataType, dims, rawData }) => `${dataType} ${dims} ${rawData}`);
    expect(new Set(texts).size).toBe(texts.length);
    expect(graph.initializer.filter(({ dataType }) => dataType === DataType.FLOAT)).toHaveLength(1);
  });

  test("of equal digits but different type, shape or sign are different", async () => {
    const ones = constant(Float32Array.of(1, 1));
    const column = constant(Float32Array.of(1, 1), [2, 1]);
    const zero = (value: number) => div(1, constant(Float32Array.of(value)));
    const outputs = {
      sum: add(add(ones, column), cast(constant(Int32Array.of(1, 1)), "float32")),
      up: zero(0),
      down: zero(-0),
    };
    const results = await run(outputs, [], {});
    expect([...(results.sum!.data as Float32Array)]).toEqual([3, 3, 3, 3]);
    expect(results.up!.data[0]).toBe(Number.POSITIVE_INFINITY);
    expect(results.down!.data[0]).toBe(Number.NEGATIVE_INFINITY);
  });

  test("of every type arrive as they are", async () => {
    const results = await run(
      {
        float: constant(Float32Array.of(1.5, Number.NaN, Number.NEGATIVE_INFINITY)),
        int: constant(Int32Array.of(-1, 2 ** 31 - 1)),
        long: constant(BigInt64Array.of(-1n, 2n ** 62n)),
        bool: constant(Uint8Array.of(0, 1)),
        window: constant(new Float32Array([9, 1, 2, 9]).subarray(1, 3)),
      },
      [],
      {},
    );
    expect([...results.float!.data]).toEqual([1.5, Number.NaN, Number.NEGATIVE_INFINITY]);
    expect([...results.int!.data]).toEqual([-1, 2 ** 31 - 1]);
    expect([...results.long!.data]).toEqual([-1n, 2n ** 62n]);
    expect([...results.bool!.data].map(Number)).toEqual([0, 1]);
    expect([...results.window!.data]).toEqual([1, 2]);
  });
});

test("arguments that ONNX takes as inputs follow the tensors", () => {
  const graph = read({ out: pad(slice(x, { axis: 0, step: -1 }), [0, 0, 1, 0], 7) }, [x]);
  const literal = new Map(graph.initializer.map(({ name, rawData }) => [name, rawData]));
  const numbers = (name: string) => [...new BigInt64Array(literal.get(name)!.slice().buffer)].map(Number);
  const [reversed, padded] = graph.node;
  expect(reversed!.opType).toBe("Slice");
  // starts, ends (before position 0 is below -n), axes, steps
  expect(reversed!.input.slice(1).map(numbers)).toEqual([[1], [-3], [0], [-1]]);
  expect(numbers(padded!.input[1]!)).toEqual([0, 0, 1, 0]);
  expect(new Float32Array(literal.get(padded!.input[2]!)!.slice().buffer)[0]).toBe(7);
});

test("an operator that is not ONNX says what to do", () => {
  const attrs = { strides: [1], pads: [0, 0], dilations: [1], group: 1, kernel: [2] };
  const y = apply("ConvWeightGrad", [input("x", [1, 1, 4]), input("g", [1, 1, 3])], attrs);
  expect(() => encodeModel({ y }, [])).toThrow("not listed");
  expect(() => encodeModel({ y }, [input("x", [1, 1, 4]), input("g", [1, 1, 3])])).toThrow(
    "emit: ConvWeightGrad is not an ONNX operator; lower the outputs first",
  );
});

test("the same expression gives the same bytes", () => {
  const build = () => encodeModel({ out: concat([mul(x, 0.1), add(x, y)], 0) }, [x, y]);
  expect(build()).toEqual(build());
});

async function run(
  outputs: Parameters<typeof encodeModel>[0],
  inputs: Parameters<typeof encodeModel>[1],
  feeds: Record<string, ort.Tensor>,
) {
  const session = await ort.InferenceSession.create(encodeModel(outputs, inputs));
  const results = await session.run(feeds);
  await session.release();
  return results;
}
