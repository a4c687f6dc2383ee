// Between plain [N,C,H,W], rows of pixels [N,H,W,C] and blocked order.
import { apply } from "../../graph/infer.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";

interface Order {
  /** Whether the plain side is [N,H,W,C]. */
  readonly channelsLast?: boolean;
  /** How many of the channels are wanted. */
  readonly channels?: number;
}

/** Plain x -> blocked [N,C,H,W]; the reordering of what came out of blocked order is what it was. */
export function toBlocked(x: Tensor, block: number, { channelsLast = false }: Order = {}): Tensor {
  const source = x.inputs[0];
  if (
    isOp(x, "FromBlocked") &&
    x.attrs.channelsLast === channelsLast &&
    source?.shape[1] === x.attrs.channels
  )
    return source;
  return apply("ToBlocked", [x], { block, channelsLast });
}

/** Blocked [N,C,H,W] -> plain. */
export function fromBlocked(x: Tensor, block: number, order: Order = {}): Tensor {
  const { channelsLast = false, channels = x.shape[1]! } = order;
  if (isOp(x, "ToBlocked") && x.attrs.channelsLast === channelsLast && channels === x.shape[1])
    return x.inputs[0]!;
  return apply("FromBlocked", [x], { block, channels, channelsLast });
}
