// PNG files: one picture, a grid, or each image by itself.

import { join } from "node:path";
import sharp from "sharp";
import { type GridOptions, type ImageShape, imageGrid, singleImage } from "./grid.ts";
import type { Pixels } from "./pixels.ts";
import { writeAtomically } from "./write-atomically.ts";

/** Writes one picture. */
export async function writePng(path: string, { data, width, height, channels }: Pixels): Promise<void> {
  const picture = sharp(data, { raw: { width, height, channels } });
  const png = await picture
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
  await writeAtomically(path, png);
}

/** Writes images [N,C,H,W] in [-1,1] as one grid. */
export async function writeGrid(
  path: string,
  images: Float32Array,
  shape: ImageShape,
  options: GridOptions = {},
): Promise<void> {
  await writePng(path, imageGrid(images, shape, options));
}

/** Writes each image of [N,C,H,W] to folder/00000.png, 00001.png, … counted from `first`; returns the paths. */
export async function writeEach(
  folder: string,
  images: Float32Array,
  shape: ImageShape,
  { first = 0, scale = 1 } = {},
): Promise<string[]> {
  const paths: string[] = [];
  for (let n = 0; n < shape[0]; n++) {
    const path = join(folder, `${String(first + n).padStart(5, "0")}.png`);
    await writePng(path, singleImage(images, shape, n, scale));
    paths.push(path);
  }
  return paths;
}
