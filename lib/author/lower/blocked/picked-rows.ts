// Rows of blocked images, picked by tables of pixels, of which one serves every block of channels.
import { constant, zeros } from "../../graph/constant.ts";
import { add, concat, gather, minimum, reshape } from "../../graph/ops.ts";
import type { Shape, Tensor } from "../../graph/tensor.ts";

/** Rows [images·blocks·positions, width], the positions of an image's first block of channels first, then those of its second. */
export interface Rows {
  readonly rows: Tensor;
  readonly images: number;
  readonly blocks: number;
  readonly positions: number;
  /** What is picked outside the images, a row of zeros: a constant unless given. */
  readonly outside?: Tensor;
}

/** Which positions to pick, counted through all images as if there were one block of channels; the number after the last is zeros. */
export interface Table {
  /** Extents, of which the one at `axis` is 1: the blocks of channels go there. */
  readonly shape: Shape;
  readonly axis: number;
  readonly at: Int32Array;
}

/** The picked rows, [...extents with the blocks of channels, width]. */
export function pickedRows(source: Rows, { shape, axis, at }: Table): Tensor {
  const { rows, images, blocks, positions, outside = zeros([1, ...rows.shape.slice(1)]) } = source;
  const all = images * positions;
  const beyond = all * blocks;
  if (blocks === 1 && at.length === all && at.every((p, i) => p === i))
    return reshape(rows, [...shape, rows.shape[1]!]);
  // The table is constant, so the runtime computes these sums once, when it loads the graph; a file holds what no block changes.
  const first = at.map((p) => (p < all ? p + Math.floor(p / positions) * (blocks - 1) * positions : beyond));
  const shifts = Int32Array.from({ length: blocks }, (_, i) => i * positions);
  const along = shape.map((_, i) => (i === axis ? blocks : 1));
  const moved = blocks === 1 ? constant(first, shape) : add(constant(first, shape), constant(shifts, along));
  if (!first.includes(beyond)) return gather(rows, moved);
  const bounded = blocks === 1 ? moved : minimum(moved, constant(Int32Array.of(beyond), []));
  return gather(concat([rows, outside], 0), bounded);
}
