// Turns an input of an ONNX model into a constant, for weights that stay as they are while the model runs.
// Fields have the numbers of onnx.proto. All others are copied as they are, since reading a whole model takes longer than loading it.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const modelFields = { graph: 7 };
const graphFields = { node: 1, initializer: 5, input: 11 };
const nodeFields = { input: 1, output: 2, operator: 4 };
const inputFields = { name: 1 };
const tensorFields = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const float = 1;

/**
 * The model with its float32 input `name`, a vector, replaced by `data`. The runtime then folds what it can and lays
 * weights out as its kernels like them best. Slices of the vector become constants of their own, as the runtime would copy the whole
 * of it for each. Throws where the model has no such input.
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
  const initializers = new Map(
    contentsOf(fields, graphFields.initializer).map((tensor) => [
      textsOf(tensor, tensorFields.name)[0],
      tensor,
    ]),
  );
  const edited = new BinaryWriter();
  let [found, isRead] = [false, false];
  for (const { number, whole, value } of fields) {
    if (number === graphFields.input && textsOf(contentOf(value), inputFields.name)[0] === name) found = true;
    else if (number === graphFields.node && textsOf(contentOf(value), nodeFields.input).includes(name)) {
      const part = sliceOf(contentOf(value), name, initializers);
      if (part)
        addMessage(edited, graphFields.initializer, vector(part.output, data.subarray(part.start, part.end)));
      else {
        edited.raw(whole);
        isRead = true;
      }
    } else edited.raw(whole);
  }
  if (!found) throw new Error(`withConstantInput: the model has no input "${name}"`);
  return isRead ? addMessage(edited, graphFields.initializer, vector(name, data)).finish() : edited.finish();
}

/** What a node cuts out of the vector, if that is all that it does. */
function sliceOf(node: Uint8Array, name: string, initializers: ReadonlyMap<string | undefined, Uint8Array>) {
  const [operator] = textsOf(node, nodeFields.operator);
  const [from, ...bounds] = textsOf(node, nodeFields.input);
  const [output] = textsOf(node, nodeFields.output);
  const tensors = bounds.map((bound) => initializers.get(bound));
  if (operator !== "Slice" || from !== name || tensors.length !== 4 || !output) return undefined;
  const [start, end, , step] = tensors.map((tensor) => tensor && int64Of(tensor));
  return start === undefined || end === undefined || step !== 1 ? undefined : { output, start, end };
}

/** The number of a tensor that holds one int64. */
function int64Of(tensor: Uint8Array): number | undefined {
  const [bytes] = contentsOf(fieldsOf(tensor), tensorFields.rawData);
  return bytes?.length === 8
    ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true))
    : undefined;
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

/** The contents of a message's fields of this number. */
const contentsOf = (fields: readonly Field[], number: number) =>
  fields.filter((field) => field.number === number).map(({ value }) => contentOf(value));

const decoder = new TextDecoder();
const textsOf = (message: Uint8Array, number: number) =>
  contentsOf(fieldsOf(message), number).map((bytes) => decoder.decode(bytes));
