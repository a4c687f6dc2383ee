// Models whose shapes ONNX Runtime cannot know beforehand, so that it gives memory back where it would keep it for later.
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
} from "../../artifact/onnx/onnx_pb.ts";

/**
 * The model with the shapes of its reshapes computed, as products with a 1 that is made from an input. Where ONNX Runtime knows all shapes, it
 * keeps the memory of a result for the next of the same shape, however late: an eighth of a training step's, and with recomputation far more.
 * Whole numbers below 2^24 are exact as floats; a shape with a larger extent stays known.
 */
export function hideShapes(bytes: Uint8Array): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { graph } = model;
  if (!graph) throw new Error("hideShapes: expected a model with a graph, got none");
  const shapes = shapesOfReshapes(graph);
  for (const { opType, input } of graph.node)
    if (opType === "Reshape" && shapes.has(input[1]!)) input[1] = hidden(input[1]!);
  const nodes = [...oneFrom(smallestInput(graph)), ...[...shapes.keys()].flatMap(hiddenShape)];
  graph.node.unshift(...nodes.map((node) => create(NodeProtoSchema, { name: node.output![0]!, ...node })));
  for (const [name, extents] of shapes) graph.initializer.push(floats(asFloats(name), extents));
  return toBinary(ModelProtoSchema, model);
}

type Node = MessageInitShape<typeof NodeProtoSchema>;

const one = "one_hidden";
const hidden = (name: string) => `${name}_hidden`;
const asFloats = (name: string) => `${name}_floats`;
const largestExact = 2 ** 24;

/** The constant shapes of reshapes by name. */
function shapesOfReshapes({ node, initializer }: GraphProto): Map<string, readonly number[]> {
  const names = new Set(node.filter(({ opType }) => opType === "Reshape").map(({ input }) => input[1]));
  const found = initializer
    .filter(({ name }) => names.has(name))
    .map(({ name, rawData }) => {
      const extents = new BigInt64Array(rawData.slice().buffer);
      return [name, Array.from(extents, Number)] as const;
    });
  return new Map(found.filter(([, extents]) => extents.every((extent) => extent < largestExact)));
}

/** The name of the float input of the fewest elements. */
function smallestInput({ input }: GraphProto): string {
  const sized = input.flatMap(({ name, type }) => {
    if (type?.value.case !== "tensorType" || type.value.value.elemType !== DataType.FLOAT) return [];
    const dims = type.value.value.shape?.dim ?? [];
    return [{ name, size: dims.reduce((size, { value }) => size * Number(value.value), 1) }];
  });
  if (sized.length === 0) throw new Error("hideShapes: expected an input of floats, got none");
  return sized.reduce((least, each) => (each.size < least.size ? each : least)).name;
}

/** A 1 for every number of the input: none is less than itself. */
const oneFrom = (input: string): Node[] => [
  { opType: "Less", input: [input, input], output: ["less_hidden"] },
  { opType: "Not", input: ["less_hidden"], output: ["not_hidden"] },
  cast("not_hidden", one, DataType.FLOAT),
];

const hiddenShape = (name: string): Node[] => [
  { opType: "Mul", input: [asFloats(name), one], output: [`${name}_product`] },
  cast(`${name}_product`, hidden(name), DataType.INT64),
];

const cast = (from: string, to: string, type: DataType): Node => ({
  opType: "Cast",
  input: [from],
  output: [to],
  attribute: [{ name: "to", type: AttributeType.INT, i: BigInt(type) }],
});

const floats = (name: string, values: readonly number[]) =>
  create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });
