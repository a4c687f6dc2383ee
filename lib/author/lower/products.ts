// Products of two matrices with transposed operands, a transposed result or a bias as one kernel.
import { apply } from "../graph/infer.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";

/** A matrix, and whether it is used transposed. */
type Side = readonly [matrix: Tensor, isTransposed: boolean];

const sideOf = (x: Tensor): Side => (isOp(x, "Transpose") ? [x.inputs[0]!, true] : [x, false]);

const isMatrix = ({ shape, dtype }: Tensor) => shape.length === 2 && dtype === "float32";

/** What a node is as a `Gemm`; undefined where it is none, or where it is a product already. */
export function lowerProduct(node: Tensor, inputs: readonly Tensor[]): Tensor | undefined {
  if (!isMatrix(node)) return undefined;
  const [a, b] = inputs as [Tensor, Tensor];
  if (isOp(node, "MatMul")) return product(sideOf(a), sideOf(b));
  if (isOp(node, "Transpose")) return transposed(a);
  return isOp(node, "Add") ? (biased(a, b) ?? biased(b, a)) : undefined;
}

function product([a, transA]: Side, [b, transB]: Side): Tensor | undefined {
  return transA || transB ? apply("Gemm", [a, b], { transA, transB }) : undefined;
}

/** (a·b)ᵀ = bᵀ·aᵀ */
function transposed(x: Tensor): Tensor | undefined {
  if (x.inputs.length !== 2) return undefined;
  const [a, b] = x.inputs as [Tensor, Tensor];
  if (isOp(x, "MatMul")) return apply("Gemm", [b, a], { transA: true, transB: true });
  if (!isOp(x, "Gemm")) return undefined;
  const { transA, transB } = x.attrs;
  return apply("Gemm", [b, a], { transA: !transB, transB: !transA });
}

/** A product plus the same row for all of its rows. */
function biased(x: Tensor, bias: Tensor): Tensor | undefined {
  if (x.inputs.length !== 2 || bias.shape.join() !== `${x.shape[1]}`) return undefined;
  if (isOp(x, "Gemm")) return apply("Gemm", [...x.inputs, bias], x.attrs);
  return isOp(x, "MatMul") ? apply("Gemm", [...x.inputs, bias], { transA: false, transB: false }) : undefined;
}
