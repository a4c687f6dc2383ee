// What is the same for all channels of a group is broadcast by the operator that uses it, not spread over channels before.
import { sizeOf } from "../../../artifact/shape.ts";
import { apply } from "../../graph/infer.ts";
import { matmul, reshape } from "../../graph/ops.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";
import { groupsOf } from "./membership.ts";

interface Spread {
  /** [N,G] */
  readonly values: Tensor;
  readonly groups: number;
  /** [G,C] */
  readonly matrix: Tensor;
}

/** Whether a node is [N,G]·[G,C], perhaps with further axes of one. */
function spreadOf(node: Tensor): Spread | undefined {
  const product = isOp(node, "Reshape") ? node.inputs[0]! : node;
  if (!isOp(product, "MatMul") || product.shape.length !== 2) return undefined;
  const [values, matrix] = product.inputs as [Tensor, Tensor];
  const groups = isOp(matrix, "Transpose") ? groupsOf(matrix.inputs[0]!) : undefined;
  const isPerChannel = node.shape.slice(0, 2).join() === product.shape.join();
  return groups !== undefined && isPerChannel ? { values, groups, matrix } : undefined;
}

/** A sum, difference or product with something spread as one operation with groups as an axis; undefined where it is none. */
export function withoutSpreading(node: Tensor, inputs: readonly Tensor[]): Tensor | undefined {
  if (!(isOp(node, "Add") || isOp(node, "Sub") || isOp(node, "Mul"))) return undefined;
  const at = inputs.findIndex((each) => spreadOf(each));
  if (at < 0) return undefined;
  const other = inputs[1 - at]!;
  const { values, groups, matrix } = spreadOf(inputs[at]!)!;
  const combined = (a: Tensor, b: Tensor) => apply(node.op, at === 0 ? [a, b] : [b, a], {});
  // What is the same for all numbers is so for groups too, and can be spread with them.
  if (sizeOf(other.shape) === 1)
    return reshape(matmul(combined(values, reshape(other, [])), matrix), node.shape);
  const own = [...Array<number>(node.shape.length).fill(1), ...other.shape].slice(-node.shape.length);
  const [n, channels, ...rest] = own as [number, number, ...number[]];
  const isUniform = sizeOf(rest) === 1 || rest.join() === node.shape.slice(2).join();
  if (!isUniform || channels !== node.shape[1] || values.shape[0] !== node.shape[0]) return undefined;
  const grouped = reshape(other, [n, groups, channels / groups, sizeOf(rest)]);
  return reshape(combined(reshape(values, [...values.shape, 1, 1]), grouped), node.shape);
}
