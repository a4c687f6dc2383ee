// Reading: a portable model that was written here becomes expressions again, the very ones that it was written from.
import { fromBinary } from "@bufbuild/protobuf";
import {
  type GraphProto,
  ModelProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from "../../artifact/onnx/onnx_pb.ts";
import { constant, input } from "../graph/constant.ts";
import type { Data, DType, Tensor } from "../graph/tensor.ts";
import { opset } from "./model.ts";
import { readNode, typeOf } from "./read-operators.ts";

interface Model {
  readonly inputs: readonly Tensor<"Input">[];
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** The inputs of a model in their order, and its outputs. Throws Error for one with anything that our portable graphs do not have. */
export function readModel(bytes: Uint8Array): Model {
  const { graph, opsetImport } = fromBinary(ModelProtoSchema, bytes);
  const isOurs = opsetImport.every(({ domain, version }) => domain === "" && version === BigInt(opset));
  if (!graph || !isOurs) throw new Error(`readModel: expected a graph of operator set ${opset} alone`);
  return readGraph(graph);
}

function readGraph({ input, initializer, node, output }: GraphProto): Model {
  const tensors = new Map<string, Tensor>();
  const named = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new Error(`readModel: nothing before it computes "${name}"`);
    return found;
  };
  const inputs = input.map(inputOf);
  for (const each of inputs) tensors.set(each.attrs.name, each);
  for (const each of initializer) tensors.set(each.name, constantOf(each));
  for (const each of node) {
    const taken = each.input.filter((name) => name !== "").map(named);
    tensors.set(each.output[0]!, readNode(each, taken));
  }
  return { inputs, outputs: Object.fromEntries(output.map(({ name }) => [name, named(name)])) };
}

function inputOf({ name, type }: ValueInfoProto): Tensor<"Input"> {
  if (type?.value.case !== "tensorType")
    throw new Error(`readModel: expected a tensor as the input "${name}"`);
  const { shape, elemType } = type.value.value;
  const extents = (shape?.dim ?? []).map(({ value }) => Number(value.value));
  return input(name, extents, typeOf(elemType));
}

const constantOf = ({ dims, dataType, rawData }: TensorProto): Tensor =>
  constant(data[typeOf(dataType)](new Uint8Array(rawData).buffer), dims.map(Number));

const data: { readonly [K in DType]: (bytes: ArrayBuffer) => Data } = {
  float32: (bytes) => new Float32Array(bytes),
  int32: (bytes) => new Int32Array(bytes),
  int64: (bytes) => new BigInt64Array(bytes),
  bool: (bytes) => new Uint8Array(bytes),
};
