// The gradient of x·sigmoid(x) in fewer passes than its six.

import { add, mul, sub } from "../graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../graph/tensor.ts";

/** g·s + g·x·s·(1 - s) with s = sigmoid(x) is g times the slope of x·s. Undefined for anything else. */
export function gradientOfSilu(node: Tensor, [direct, through]: readonly Tensor[]): Tensor | undefined {
  if (!isOp(node, "Add")) return undefined;
  const [g, s] = operands(direct!, "Mul");
  const [scaled, slope] = operands(through!, "Mul");
  if (!g || !s || !scaled || !slope || !isOp(s, "Sigmoid")) return undefined;
  const x = s.inputs[0]!;
  const isSilu = scaled === mul(g, x) && slope === mul(s, sub(1, s));
  return isSilu ? mul(g, slopeOf(x, s)) : undefined;
}

/**
 * The slope s·(1 + x - y) with y = x·s, which the forward pass has. For images it is written so, as they are scaled and shifted in one
 * pass; it is good to an ulp of x, and they come out of a normalisation. Others have it as s + y·(1 - s), which large x do not harm.
 */
export const slopeOf = (x: Tensor, s: Tensor): Tensor =>
  x.shape.length === 4 ? mul(s, sub(x, sub(mul(x, s), 1))) : add(s, mul(mul(x, s), sub(1, s)));

const operands = (node: Tensor, op: OpType): readonly Tensor[] => (isOp(node, op) ? node.inputs : []);
