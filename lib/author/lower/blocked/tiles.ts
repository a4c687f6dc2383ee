// Convolutions of blocked images, and their gradients, as products of transformed tiles.
import { sizeOf } from "../../../artifact/shape.ts";
import { matmul, reshape, slice, transpose } from "../../graph/ops.ts";
import type { ConvAttrs, Shape, Tensor } from "../../graph/tensor.ts";
import { zerosAfter } from "../after.ts";
import { resultPixels, tileProducts, transformedTiles, transformedWeight } from "../tile-products.ts";
import { pickedRows } from "./picked-rows.ts";
import { pixelTable } from "./pixel-table.ts";

/** F(4×4, 3×3), with four times fewer multiplications and three times the rounding. */
const products = tileProducts([0, 0.75, -0.75, 1.5, -1.5]);
const { stride, side, forWeight, forOpposite, forOutput } = products;

/**
 * What a tile costs in multiplications of a convolution: each of its own products, and each channel on its way into tiles and out of them, so
 * that they are taken where they gain a tenth.
 */
const costs = { product: 1.3, channel: 5000 };

/** As many numbers of transformed tiles are kept from the forward pass for the gradient of the weight; it makes more again. */
const mostKept = 1.25e6;

/** With fewer tiles than this, products are too small to be fast. */
const leastTiles = 64;

const tilesAlong = (extents: readonly number[]): number[] =>
  extents.map((extent) => Math.ceil(extent / stride));

/** Whether a convolution, or a transposed one, that gives images of this shape is faster in tiles. */
export function paysInTiles(weight: Shape, attrs: ConvAttrs, [n, , ...size]: Shape): boolean {
  const [a, b, ...kernel] = weight as readonly [number, number];
  const isPlain = [kernel, attrs.strides, attrs.dilations, attrs.group].join(" ") === "3,3 1,1 1,1 1";
  const tiles = tilesAlong(size).reduce((count, along) => count * along, n!);
  const inTiles = tiles * (costs.product * side ** 2 * a * b + costs.channel * (a + b));
  return isPlain && tiles >= leastTiles && inTiles < 9 * a * b * n! * size[0]! * size[1]!;
}

/** Which pixels of an image the tiles have that give images of this shape. */
interface Tiling {
  readonly begins: readonly number[];
  readonly shape: Shape;
  /** Of how many pixels a side is, `side` unless given. */
  readonly extent?: number;
  /** What lies outside the image, a row of zeros. */
  readonly outside?: Tensor;
  /**
   * Axes of length one that all results have before their own. ONNX Runtime holds what is free for the next result of the same shape: without the
   * backward pass's own shapes the forward pass's memory waits for it.
   */
  readonly lead: readonly number[];
}

const forwards: readonly number[] = [];
const backwards: readonly number[] = [1];

/** Blocked x and a plain weight [O,I,3,3] -> blocked, of this shape. */
export function convInTiles(
  x: Tensor,
  weight: Tensor,
  attrs: ConvAttrs,
  shape: Shape,
  block: number,
): Tensor {
  const factors = transpose(transformedWeight(forWeight, weight), [0, 2, 1]);
  return inTiles(x, factors, { begins: attrs.pads, shape, lead: forwards }, block);
}

/** Blocked x and the plain weight [I,O,3,3] of a transposed convolution -> blocked, of this shape. */
export function transposedInTiles(
  x: Tensor,
  weight: Tensor,
  { pads }: ConvAttrs,
  shape: Shape,
  block: number,
): Tensor {
  const begins = pads.map((pad) => side - stride - pad);
  return inTiles(x, transformedWeight(forOpposite, weight), { begins, shape, lead: backwards }, block);
}

/** Blocked x and g -> the plain gradient [O,I,3,3]: what gives the results of a tile, the other way round. */
export function weightGradInTiles(x: Tensor, g: Tensor, { pads }: ConvAttrs, block: number): Tensor {
  const [into, out] = [x.shape[1]!, g.shape[1]!];
  const { shape } = g;
  const kept = transformedInput(x, { begins: pads, shape, lead: forwards }, block);
  const row = slice(reshape(g, [-1, block]), { axis: 0, start: 0, end: 1 });
  const again = { begins: pads, shape, outside: zerosAfter(row), lead: backwards };
  const tiles = sizeOf(kept.shape) <= mostKept ? kept : transformedInput(x, again, block);
  const pixels = pickedTiles(g, { begins: [0, 0], shape, extent: stride, lead: backwards }, block);
  const results = reshape(matmul(transpose(forOutput), pixels), [side * side, -1, out]);
  const transformed = matmul(transpose(results, [0, 2, 1]), tiles);
  return reshape(matmul(transpose(reshape(transformed, [side * side, -1])), forWeight), [out, into, 3, 3]);
}

/** With a transformed weight [side², I, O]. */
function inTiles(x: Tensor, weight: Tensor, tiling: Tiling, block: number): Tensor {
  const [n, out, ...size] = tiling.shape as readonly [number, number, number, number];
  const rows = reshape(resultPixels(products, transformedInput(x, tiling, block), weight), [-1, block]);
  const blocks = out / block;
  const images = rows.shape[0]! / blocks;
  const table = { shape: [n, 1, ...size], axis: 1, at: resultTable(n, size, images / stride ** 2) };
  return reshape(pickedRows({ rows, images, blocks, positions: 1 }, table), tiling.shape);
}

/** For each pixel of the images, where it lies among [pixels of a tile, tiles]. */
function resultTable(images: number, [h, w]: readonly number[], tiles: number): Int32Array {
  const [rows, columns] = tilesAlong([h!, w!]) as [number, number];
  return Int32Array.from({ length: images * h! * w! }, (_, i) => {
    const [image, y, x] = [Math.floor(i / (h! * w!)), Math.floor(i / w!) % h!, i % w!];
    const tile = (image * rows + Math.floor(y / stride)) * columns + Math.floor(x / stride);
    return ((y % stride) * stride + (x % stride)) * tiles + tile;
  });
}

/** The transformed tiles of a blocked image, [...lead, side², tiles, C]. */
const transformedInput = (x: Tensor, tiling: Tiling, block: number): Tensor =>
  transformedTiles(products, pickedTiles(x, tiling, block), x.shape[1]!);

/** For each pixel of the tiles of a blocked image, their channels: [...lead, extent², tiles·C]. */
function pickedTiles(image: Tensor, tiling: Tiling, block: number): Tensor {
  const { begins, shape, extent = side, outside, lead } = tiling;
  const [n, channels, ...size] = image.shape as readonly [number, number, number, number];
  const [blocks, positions] = [channels / block, size[0]! * size[1]!];
  const at = pixelTable({
    images: n,
    kernel: [extent, extent],
    size,
    extents: tilesAlong(shape.slice(2)),
    strides: [stride, stride],
    steps: [1, 1],
    begins: begins.slice(0, 2),
  });
  const rows = reshape(image, [n * blocks * positions, block]);
  const source = { rows, images: n, blocks, positions, ...(outside && { outside }) };
  const table = { shape: [...lead, extent ** 2, at.length / extent ** 2, 1], axis: lead.length + 2, at };
  return reshape(pickedRows(source, table), [...lead, extent ** 2, -1]);
}
