// Turns an input of an ONNX model into a constant, for weights that stay as they are while the model runs.
// Fields have the numbers of onnx.proto. All others are copied as they are, since reading a whole model takes longer than loading it.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const modelFields = { graph: 7 };
const graphFields = { initializer: 5, input: 11 };
const inputFields = { name: 1 };
const tensorFields = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const float = 1;

/**
 * The model with its float32 input `name`, a vector, replaced by `data`. The runtime then folds what it can and lays
 * weights out as its kernels like them best. Throws where the model has no such input.
 */
export function withConstantInput(model: Uint8Array, name: string, data: Float32Array): Uint8Array {
  const edited = new BinaryWriter();
  for (const { number, whole, value } of fieldsOf(model))
    if (number !== modelFields.graph) edited.raw(whole);
    else addMessage(edited, modelFields.graph, withConstant(contentOf(value), name, data));
  return edited.finish();
}

function withConstant(graph: Uint8Array, name: string, data: Float32Array): Uint8Array {
  const fields = fieldsOf(graph);
  const kept = fields.filter(
    ({ number, value }) => number !== graphFields.input || nameOf(contentOf(value)) !== name,
  );
  if (kept.length === fields.length) throw new Error(`withConstantInput: the model has no input "${name}"`);
  const edited = new BinaryWriter();
  for (const { whole } of kept) edited.raw(whole);
  return addMessage(edited, graphFields.initializer, vector(name, data)).finish();
}

/** A TensorProto. */
function vector(name: string, data: Float32Array): Uint8Array {
  const tensor = new BinaryWriter();
  tensor.tag(tensorFields.dims, WireType.Varint).int64(data.length);
  tensor.tag(tensorFields.dataType, WireType.Varint).int32(float);
  addMessage(tensor, tensorFields.name, new TextEncoder().encode(name));
  return addMessage(
    tensor,
    tensorFields.rawData,
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ).finish();
}

const addMessage = (to: BinaryWriter, number: number, content: Uint8Array) =>
  to.tag(number, WireType.LengthDelimited).bytes(content);

function nameOf(input: Uint8Array): string | undefined {
  const name = fieldsOf(input).find(({ number }) => number === inputFields.name);
  return name && new TextDecoder().decode(contentOf(name.value));
}

interface Field {
  readonly number: number;
  /** With its tag. */
  readonly whole: Uint8Array;
  /** Without its tag; messages, strings and bytes with their length. */
  readonly value: Uint8Array;
}

/** The fields of a message, not copied. Throws for bytes that are none. */
function fieldsOf(message: Uint8Array): Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    const value = reader.skip(type, number);
    fields.push({ number, whole: message.subarray(start, reader.pos), value });
  }
  return fields;
}

const contentOf = (value: Uint8Array) => new BinaryReader(value).bytes();
