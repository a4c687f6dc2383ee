// Leaves of an expression: named inputs and constants.
import { sizeOf } from "../../artifact/shape.ts";
import { type Data, type DType, intern, type Shape, type Tensor } from "./tensor.ts";

/** A value that is fed when the graph runs. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor<"Input"> {
  if (shape.some((n) => !Number.isInteger(n) || n < 0))
    throw new Error(`input ${name}: expected a shape of whole numbers, got [${shape}]`);
  return intern("Input", [], { name, shape, dtype }, () => ({ shape, dtype }));
}

/** A literal tensor; the data are held, not copied, and must not change afterwards. */
export function constant(data: Data, shape: Shape = [data.length]): Tensor<"Constant"> {
  if (data.length !== sizeOf(shape))
    throw new Error(`constant: shape [${shape}] has ${sizeOf(shape)} elements, got ${data.length}`);
  const dtype = dtypeOf(data);
  return intern("Constant", [], { data, shape, dtype, digest: digest(data) }, () => ({ shape, dtype }));
}

export function scalar(value: number): Tensor<"Constant"> {
  return constant(Float32Array.of(value), []);
}

export function zeros(shape: Shape): Tensor<"Constant"> {
  return constant(new Float32Array(sizeOf(shape)), shape);
}

export function ones(shape: Shape): Tensor<"Constant"> {
  return constant(new Float32Array(sizeOf(shape)).fill(1), shape);
}

/** The value of a float constant of one element, whatever its shape; undefined for anything else. */
export function scalarValue(node: Tensor): number | undefined {
  const { data } = node.attrs as { data?: Data };
  return node.op === "Constant" && data instanceof Float32Array && data.length === 1 ? data[0] : undefined;
}

function dtypeOf(data: Data): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  return data instanceof BigInt64Array ? "int64" : "bool";
}

/** Two independent 32-bit FNV-style hashes and the length, for constants too long to spell out. */
function digest(data: Data): string {
  if (data.length <= 16)
    return [...data].map((value) => (Object.is(value, -0) ? "-0" : String(value))).join();
  const { buffer, byteOffset, byteLength } = data;
  const words =
    (byteOffset | byteLength) % 4 === 0
      ? new Uint32Array(buffer, byteOffset, byteLength / 4)
      : new Uint8Array(buffer, byteOffset, byteLength);
  let [low, high] = [0x811c9dc5, 0x9e3779b9];
  for (let i = 0; i < words.length; i++) {
    // The shifts carry high bits down, which products alone never do.
    low = Math.imul(low ^ words[i]!, 0x01000193) ^ (low >>> 16);
    high = Math.imul(high ^ words[i]!, 0x85ebca6b) + (high >>> 15);
  }
  return `${data.length}:${low >>> 0}:${high >>> 0}`;
}
