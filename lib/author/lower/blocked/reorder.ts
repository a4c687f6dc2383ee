// Between plain [N,C,H,W] and blocked order.
import { apply } from "../../graph/infer.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";

/** Plain x -> blocked [N,C,H,W]; the reordering of what came out of blocked order is what it was. */
export function toBlocked(x: Tensor, block: number): Tensor {
  const source = x.inputs[0];
  if (isOp(x, "FromBlocked") && source?.shape[1] === x.attrs.channels) return source;
  return apply("ToBlocked", [x], { block });
}

/** Blocked [N,C,H,W] -> plain, with the first so many channels. */
export function fromBlocked(x: Tensor, block: number, channels = x.shape[1]!): Tensor {
  if (isOp(x, "ToBlocked") && channels === x.shape[1]) return x.inputs[0]!;
  return apply("FromBlocked", [x], { block, channels });
}
