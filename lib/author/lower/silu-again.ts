// The gradient of x·sigmoid(x) that makes a normalised x again, with a map that is due anyway, instead of keeping it from the forward pass.
import { apply } from "../graph/infer.ts";
import { add, mul, neg, sub } from "../graph/ops.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";
import { rewrite } from "../graph/traverse.ts";
import { slopeOf } from "./silu-gradient.ts";

/** The outputs with normalised images made again for the gradient of their SiLU. */
export const siluAgain = (outputs: readonly Tensor[]): Tensor[] =>
  rewrite(outputs, (node, inputs) => gradientOfSiluAgain(node, inputs) ?? negatedLast(node, inputs));

/**
 * g·s·(1 + x - y), with s = sigmoid(x) and y = x·s at hand, as -g·s·(y - (x + 1)): where x is a scaled and shifted image, so is x + 1, which
 * a blocked convolution makes of that image as it adds y. Undefined for anything else.
 */
function gradientOfSiluAgain(node: Tensor, [g, slope]: readonly Tensor[]): Tensor | undefined {
  if (!isOp(node, "Mul") || node.shape.length !== 4 || !isOp(slope!, "Mul")) return undefined;
  const [s] = slope.inputs as [Tensor, Tensor];
  if (!isOp(s, "Sigmoid")) return undefined;
  const [x] = s.inputs as [Tensor];
  const isSilu = isShifted(x) && slope === slopeOf(x, s);
  return isSilu ? neg(mul(g!, mul(s, sub(mul(x, s), add(x, 1))))) : undefined;
}

/** Whether an image is another one plus something smaller, as normalisation ends. */
const isShifted = (x: Tensor): boolean =>
  isOp(x, "Add") && x.inputs.some(({ shape }) => shape.join() !== x.shape.join());

/** The sign of a product or a sum comes last, where it is part of another map. Undefined for what has none. */
function negatedLast(node: Tensor, inputs: readonly Tensor[]): Tensor | undefined {
  const at = inputs.findIndex((x) => isOp(x, "Neg"));
  if (at < 0 || (!isOp(node, "Mul") && !isOp(node, "ReduceSum"))) return undefined;
  return neg(apply(node.op, inputs.with(at, inputs[at]!.inputs[0]!), node.attrs));
}
