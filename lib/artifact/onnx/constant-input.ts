// Turns an input of an ONNX model into a constant, for weights that stay as they are while the model runs.
// The schema in onnx_pb.ts is generated from onnx.proto by `npm run generate`, which needs protoc.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, TensorProto_DataType, TensorProtoSchema } from "./onnx_pb.ts";

/**
 * The model with its float32 input `name`, a vector, replaced by `data`. The runtime then folds what it can and lays
 * weights out as its kernels like them best. Throws where the model has no such input.
 */
export function withConstantInput(model: Uint8Array, name: string, data: Float32Array): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model);
  const inputs = proto.graph?.input ?? [];
  const at = inputs.findIndex((input) => input.name === name);
  if (at < 0) throw new Error(`withConstantInput: the model has no input "${name}"`);
  inputs.splice(at, 1);
  proto.graph!.initializer.push(
    create(TensorProtoSchema, {
      name,
      dims: [BigInt(data.length)],
      dataType: TensorProto_DataType.FLOAT,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    }),
  );
  return toBinary(ModelProtoSchema, proto);
}
