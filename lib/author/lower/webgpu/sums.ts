// Sums over leading axes as products with ones, many at once: the provider's sums run along the last axes and transpose anything else.
import { sizeOf } from "../../../artifact/shape.ts";
import { ones } from "../../graph/constant.ts";
import { concat, matmul, reshape, split, sum } from "../../graph/ops.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";
import { substitute, topological } from "../../graph/traverse.ts";

const onesRow = (count: number) => ones([1, count]);

/** A sum over the first axes, and perhaps the last ones, which come first; undefined for sums over others. */
export function lowerSum(node: Tensor, inputs: readonly Tensor[]): Tensor | undefined {
  if (!isOp(node, "ReduceSum") || node.dtype !== "float32") return undefined;
  const { axes } = node.attrs;
  const x = inputs[0]!;
  const rank = x.shape.length;
  const leading = axes.filter((axis, i) => axis === i);
  const trailing = axes.slice(leading.length);
  const isLast = trailing.every((axis, i) => axis === rank - trailing.length + i);
  if (leading.length === 0 || axes.length === rank || !isLast || sizeOf(x.shape) === 0) return undefined;
  const count = sizeOf(x.shape.slice(0, leading.length));
  const rows = reshape(sum(x, { axes: trailing }), [count, -1]);
  return reshape(matmul(onesRow(count), rows), node.shape);
}

/** The outputs with sums over as many rows, none of which needs another, beside each other in one product. */
export function joinSums(outputs: readonly Tensor[]): Tensor[] {
  const families = Map.groupBy(independentSums(outputs), ({ inputs: [row] }) => row!);
  const joined = [...families].flatMap(([row, members]) => {
    // What is summed has no sum below it, so that it is the same afterwards.
    const rows = members.map(({ inputs: [, x] }) => x!);
    const totals = matmul(row, concat(rows, 1));
    const widths = rows.map(({ shape }) => shape[1]!);
    return split(totals, widths, 1).map((part, i): [Tensor, Tensor] => [members[i]!, part]);
  });
  return substitute(outputs, new Map(joined));
}

const isSum = (node: Tensor) =>
  isOp(node, "MatMul") &&
  node.shape.length === 2 &&
  node.inputs[0] === onesRow(node.inputs[0]!.shape[1]!) &&
  node.inputs[1]!.shape.length === 2;

function independentSums(outputs: readonly Tensor[]): Tensor[] {
  const onSums = new Set<Tensor>();
  return topological(outputs).filter((node) => {
    const needsOther = node.inputs.some((child) => onSums.has(child));
    if (needsOther || isSum(node)) onSums.add(node);
    return isSum(node) && !needsOther;
  });
}
