// PNG files: one picture, a grid, or each image by itself; sharp is loaded by the first.

import { join } from "node:path";
import { type GridOptions, type ImageShape, imageGrid, singleImage } from "./grid.ts";
import type { Pixels } from "./pixels.ts";
import { writeAtomically } from "./write-atomically.ts";

/** One picture as a PNG's bytes. */
export async function encodePng({ data, width, height, channels }: Pixels): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const picture = sharp(data, { raw: { width, height, channels } });
  return picture
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .png()
    .toBuffer();
}

/** Writes one picture. */
export const writePng = async (path: string, picture: Pixels): Promise<void> =>
  writeAtomically(path, await encodePng(picture));

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
