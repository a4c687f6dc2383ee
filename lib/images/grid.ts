// Lays images out on a grid with even gutters.

import { type Pixels, unitToByte } from "./pixels.ts";

/** The shape of a batch of images. */
export type ImageShape = readonly [count: number, channels: number, height: number, width: number];

export interface GridOptions {
  /** Images per row; by default the grid is as square as it can be. */
  readonly columns?: number;
  /** Pixels between images and around the grid, after enlarging. */
  readonly gutter?: number;
  /** Whole factor by which each pixel is repeated. */
  readonly scale?: number;
  /** Grey level 0..255 of the gutters and of empty places. */
  readonly background?: number;
}

/**
 * Images [N,C,H,W] in [-1,1] as one picture: grey for C = 1, else RGB of the first three channels (missing ones are black).
 * Values outside [-1,1] are clamped. Throws when the array does not hold the shape.
 */
export function imageGrid(images: Float32Array, shape: ImageShape, options: GridOptions = {}): Pixels {
  const [count, depth, height, width] = shape;
  const { scale = 1, gutter = 2, background = 48 } = options;
  checkShape(images, shape);
  checkWhole("scale", scale, 1);
  checkWhole("gutter", gutter, 0);
  const columns = Math.min(options.columns ?? Math.ceil(Math.sqrt(count)), count);
  checkWhole("columns", columns, 1);
  const stepX = width * scale + gutter;
  const stepY = height * scale + gutter;
  const grid = blank(
    columns * stepX + gutter,
    Math.ceil(count / columns) * stepY + gutter,
    depth,
    background,
  );
  for (let n = 0; n < count; n++) {
    const image = images.subarray(n * depth * height * width, (n + 1) * depth * height * width);
    const left = gutter + (n % columns) * stepX;
    const top = gutter + Math.floor(n / columns) * stepY;
    paste(grid, image, shape, left, top, scale);
  }
  return grid;
}

/** Image number n of [N,C,H,W] as a picture without gutters. */
export function singleImage(images: Float32Array, shape: ImageShape, n: number, scale = 1): Pixels {
  const [, depth, height, width] = shape;
  const volume = depth * height * width;
  const one = images.subarray(n * volume, (n + 1) * volume);
  return imageGrid(one, [1, depth, height, width], { scale, gutter: 0 });
}

function checkShape(images: Float32Array, shape: ImageShape): void {
  const volume = shape.reduce((a, b) => a * b, 1);
  if (!(volume > 0) || images.length !== volume)
    throw new Error(`imageGrid: shape [${shape.join(",")}] needs ${volume} > 0 values, got ${images.length}`);
}

function checkWhole(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least)
    throw new Error(`imageGrid: expected ${name} to be an integer >= ${least}, got ${value}`);
}

function blank(width: number, height: number, depth: number, background: number): Pixels {
  const channels = depth === 1 ? 1 : 3;
  return { data: new Uint8Array(width * height * channels).fill(background), width, height, channels };
}

function paste(
  grid: Pixels,
  image: Float32Array,
  [, depth, height, width]: ImageShape,
  left: number,
  top: number,
  scale: number,
): void {
  for (let c = 0; c < grid.channels; c++)
    for (let y = 0; y < height * scale; y++)
      for (let x = 0; x < width * scale; x++) {
        const from = (c * height + Math.floor(y / scale)) * width + Math.floor(x / scale);
        const to = ((top + y) * grid.width + left + x) * grid.channels + c;
        grid.data[to] = c < depth ? unitToByte(image[from]!) : 0;
      }
}
