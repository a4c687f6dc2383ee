// Weights of convolutions in the order that blocked convolutions read: blocks of inputs by blocks of outputs, a tap at a time.

import { constant, zeros } from "../../graph/constant.ts";
import { concat, gather, reshape, transpose } from "../../graph/ops.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { toBlocked } from "./reorder.ts";

/** How a convolution reads its weight: the taps (row by row in the plain window) in the order of its own window, and its extents. */
export interface Window {
  readonly taps: readonly number[];
  readonly extents: readonly number[];
}

/** The window as it is. */
export const wholeWindow = (weight: Tensor): Window => {
  const extents = weight.shape.slice(2);
  return { taps: [...Array(extents[0]! * extents[1]!).keys()], extents };
};

/** weight [O,I,kh,kw] -> the elements of [O/b,I/b,taps,b,b], or of [O/b,I,taps,b] for an I below the block. */
export function packed(weight: Tensor, window: Window, block: number): Tensor {
  const [out, into] = weight.shape;
  const blocks = into! < block ? narrowBlocks(weight, block) : outputBlocks(weight, block);
  return reshape(pickTaps(blocks, window), [out!, into!, ...window.extents]);
}

/** weight [I,O,kh,kw] of a transposed convolution -> the elements of [O/b,I/b,taps,b,b]: those of the convolution it runs as. */
export function packedTransposed(weight: Tensor, window: Window, block: number): Tensor {
  const [into, out] = weight.shape;
  const size = weight.shape[2]! * weight.shape[3]!;
  if (into! < block) return packed(transpose(weight, [1, 0, 2, 3]), window, block);
  // Every b×b block is transposed by the vectorised reordering, then blocks change places as a whole.
  const rows = reshape(outputBlocks(weight, block), [-1, block, block, 1]);
  const turned = reshape(toBlocked(rows, block), [into! / block, out! / block, size, block * block]);
  const blocks = reshape(transpose(turned, [1, 0, 2, 3]), [out! / block, into! / block, size, -1]);
  return reshape(pickTaps(blocks, window), [out!, into!, ...window.extents]);
}

/** [O,I,kh,kw] -> [O/b, I/b, taps, b·b], whose last axis goes through inputs, then outputs. */
function outputBlocks(weight: Tensor, block: number): Tensor {
  const [out, into, height, width] = weight.shape;
  const size = height! * width!;
  const columns = toBlocked(reshape(weight, [out! / block, block, into! * size, 1]), block);
  const rows = reshape(columns, [out! / block, into! / block, block, size, block]);
  return reshape(transpose(rows, [0, 1, 3, 2, 4]), [out! / block, into! / block, size, block * block]);
}

/** [O,I,kh,kw] -> [O/b, I, taps, b]. */
function narrowBlocks(weight: Tensor, block: number): Tensor {
  const [out, into, height, width] = weight.shape;
  const columns = toBlocked(reshape(weight, [out! / block, block, into! * height! * width!, 1]), block);
  return reshape(columns, [out! / block, into!, height! * width!, block]);
}

/** The taps of the window from [.., .., taps, ..]. */
function pickTaps(blocks: Tensor, { taps }: Window): Tensor {
  const inOrder = taps.length === blocks.shape[2] && taps.every((tap, i) => tap === i);
  return inOrder ? blocks : gather(blocks, constant(Int32Array.from(taps)), 2);
}

/** A weight with zeros for outputs, or with them a bias, up to a whole block. */
export function paddedOutputs(x: Tensor, to: number): Tensor {
  const lacking = [to - x.shape[0]!, ...x.shape.slice(1)];
  if (lacking[0] === 0) return x;
  return concat([x, zeros(lacking)], 0);
}
