// A product and a sum with one number for each channel, or for each row of a group, as one kernel.
import { sizeOf } from "../../../artifact/shape.ts";
import { ones, zeros } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { add, reshape } from "../../graph/ops.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";

/** scale·x + offset of x [N,C,...], with scale and offset [C]. */
export function channelAffine(x: Tensor, scale: Tensor, offset: Tensor): Tensor {
  const channels = [x.shape[1]!];
  return apply("ChannelAffine", [x, scale, offset, zeros(channels), ones(channels)], {});
}

/** (u + y·scale) + offset, with y [N,G,D] and a scale and an offset for each of its rows, as u + (y·scale + offset). */
export function rowAffine(node: Tensor, [sum, offset]: readonly Tensor[]): Tensor | undefined {
  if (!isOp(node, "Add") || !isOp(plain(sum!), "Add")) return undefined;
  const [u, last] = plain(sum!).inputs as [Tensor, Tensor];
  const product = plain(last);
  if (!isOp(product, "Mul") || product.shape.length !== 3) return undefined;
  const [y, scale] = product.inputs as [Tensor, Tensor];
  const [n, groups] = y.shape as [number, number];
  const isPerRow = (x: Tensor) => x.shape[0] === n && x.shape[1] === groups && sizeOf(x.shape) === n * groups;
  if (sizeOf(y.shape) !== sizeOf(node.shape) || !isPerRow(scale) || !isPerRow(offset!)) return undefined;
  const rows = [1, n * groups, y.shape[2]!];
  const moved = channelAffine(reshape(y, rows), reshape(scale, [rows[1]!]), reshape(offset!, [rows[1]!]));
  return add(reshape(u, node.shape), reshape(moved, node.shape));
}

/** The tensor that another shape was given. */
const plain = (x: Tensor): Tensor => (isOp(x, "Reshape") ? x.inputs[0]! : x);
