// Plain convolutions of 3×3 taps as products of transformed tiles.
import { constant } from "../graph/constant.ts";
import { add, gather, pad, reshape, slice, transpose } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { resultPixels, tileProducts, transformedTiles, transformedWeight } from "./tile-products.ts";

/** F(2×2, 3×3), with 2.25 times fewer multiplications. */
const products = tileProducts([0, 1, -1]);
const { stride, side } = products;

/**
 * Stride 1 and no dilation: x [N,C,H,W], weight [O,C,3,3], bias [O] -> [N,O,oh,ow], where `pads` are begins, then ends. Tiles stand
 * row by row before images and channels, so that each transformation is one product with a matrix of 16 columns.
 */
export function winogradConv(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  pads: readonly number[],
): Tensor {
  const [images, channels] = x.shape as [number, number];
  const out = weight.shape[0]!;
  const extents = [0, 1].map((i) => x.shape[i + 2]! + pads[i]! + pads[i + 2]! - 2);
  const tiles = extents.map((extent) => Math.ceil(extent / stride));
  const padded = tiles.map((count) => stride * count + 2);
  const ends = padded.map((extent, i) => extent - x.shape[i + 2]! - pads[i]!);
  const framed = pad(x, [0, 0, ...pads.slice(0, 2), 0, 0, ...ends]);
  const pixels = reshape(transpose(framed, [2, 3, 0, 1]), [-1, images * channels]);
  const picked = reshape(gather(pixels, constant(tilePixels(tiles, padded[1]!))), [side * side, -1]);
  const transformed = transformedTiles(products, picked, channels);
  const factors = transpose(transformedWeight(products.forWeight, weight), [0, 2, 1]);
  const results = resultPixels(products, transformed, factors);
  const placed = reshape(results, [stride, stride, ...tiles, images, out]);
  const biased = bias ? add(placed, bias) : placed;
  const whole = reshape(transpose(biased, [4, 5, 2, 0, 3, 1]), [
    images,
    out,
    ...tiles.map((count) => stride * count),
  ]);
  const surplus = extents.flatMap((extent, i) =>
    extent < stride * tiles[i]! ? [{ axis: i + 2, start: 0, end: extent }] : [],
  );
  return surplus.length === 0 ? whole : slice(whole, ...surplus);
}

/** For every pixel of a tile, and within it for every tile, the index of the pixel in an image of this width. */
function tilePixels([rows, columns]: readonly number[], width: number): Int32Array {
  const at = new Int32Array(side * side * rows! * columns!);
  let i = 0;
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let row = 0; row < rows!; row++)
        for (let column = 0; column < columns!; column++)
          at[i++] = (stride * row + y) * width + stride * column + x;
  return at;
}
