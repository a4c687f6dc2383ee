// Sine and cosine of arguments brought into ±π first, where WebGPU promises an accuracy.
import { apply } from "../graph/infer.ts";
import { add, floor, mul, sub } from "../graph/ops.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";

/** 2π as a float32 with a short significand and the rest, so that whole multiples of the first part are exact. */
const turn = 6.28125;
const turnRest = 2 * Math.PI - turn;

function reduced(x: Tensor): Tensor {
  const turns = floor(add(mul(x, 1 / (2 * Math.PI)), 0.5));
  return sub(sub(x, mul(turns, turn)), mul(turns, turnRest));
}

/** What was brought there before; undefined for anything else. */
function unreduced(x: Tensor): Tensor | undefined {
  const whole = x.inputs[0]?.inputs[0];
  return whole !== undefined && whole.dtype === x.dtype && reduced(whole) === x ? whole : undefined;
}

const lowering = (op: "Sin" | "Cos") => (x: Tensor) =>
  unreduced(x) ? undefined : apply(op, [reduced(x)], {});

export const lowerSin = lowering("Sin");
export const lowerCos = lowering("Cos");

/** The sine or cosine itself, for those who compute it as well for any argument. Undefined for anything else. */
export function ofWholeAngle(node: Tensor, [x]: readonly Tensor[]): Tensor | undefined {
  const whole = isOp(node, "Sin") || isOp(node, "Cos") ? unreduced(x!) : undefined;
  return whole && apply(node.op, [whole], {});
}
