// How many kernels a graph takes on a GPU, by its nodes.
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "../../lib/artifact/onnx/onnx_pb.ts";
import { isOp, type Tensor } from "../../lib/author/graph/tensor.ts";
import { topological } from "../../lib/author/graph/traverse.ts";
import { encodeModel } from "../../lib/author/onnx/model.ts";

/** The nodes of a model but for other shapes of the same elements and for what is known before it runs. */
export function kernelsOf(model: Uint8Array): number {
  const { node = [], initializer = [] } = fromBinary(ModelProtoSchema, model).graph ?? {};
  const known = new Set(["", ...initializer.map(({ name }) => name)]);
  const computed = node.filter(({ input, output }) => {
    const isKnown = input.every((name) => known.has(name));
    if (isKnown) for (const name of output) known.add(name);
    return !isKnown;
  });
  return computed.filter(({ opType }) => opType !== "Reshape").length;
}

/** The same for expressions that are lowered. */
export function kernels(outputs: readonly Tensor[]): number {
  const inputs = topological(outputs).filter((node) => isOp(node, "Input"));
  return kernelsOf(encodeModel(Object.fromEntries(outputs.map((node, i) => [`output${i}`, node])), inputs));
}
