// Runs expressions the way users do: lowered, emitted as a model, executed by ONNX Runtime on the CPU.
import * as ort from "onnxruntime-node";
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import { type DType, isOp, type Tensor } from "../../lib/author/graph/tensor.ts";
import { topological } from "../../lib/author/graph/traverse.ts";
import { lower } from "../../lib/author/lower/lower.ts";
import { encodeModel } from "../../lib/author/onnx/model.ts";
import type { Feeds, Value } from "./evaluate.ts";

/** The outputs' values; throws when a dimension of a result is not what its node says. */
export async function runOnnx(
  outputs: readonly Tensor[],
  feeds: Feeds,
  lowering?: LoweringName,
): Promise<Float64Array[]> {
  const lowered = lower(outputs, lowering);
  const inputs = topological(lowered).filter((node) => isOp(node, "Input"));
  const named = Object.fromEntries(lowered.map((node, i) => [`output${i}`, node]));
  const session = await ort.InferenceSession.create(encodeModel(named, inputs), { intraOpNumThreads: 1 });
  const fed = inputs.map(({ attrs: { name, dtype } }) => [name, ortTensor(feeds[name]!, dtype)] as const);
  const results = await session.run(Object.fromEntries(fed));
  await session.release();
  return lowered.map((node, i) => numbersOf(results[`output${i}`]!, node));
}

function numbersOf({ data, dims }: ort.Tensor, node: Tensor): Float64Array {
  if (dims.join() !== node.shape.join())
    throw new Error(`${node.op}: ONNX Runtime gives [${dims}], the node says [${node.shape}]`);
  return Float64Array.from(data as ArrayLike<number | bigint>, Number);
}

function ortTensor({ data, shape }: Value, dtype: DType): ort.Tensor {
  const numbers = Array.from(data);
  const build: Record<DType, () => ort.Tensor> = {
    float32: () => new ort.Tensor("float32", Float32Array.from(numbers), shape),
    int32: () => new ort.Tensor("int32", Int32Array.from(numbers), shape),
    int64: () => new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), shape),
    bool: () => new ort.Tensor("bool", Uint8Array.from(numbers), shape),
  };
  return build[dtype]();
}
