// Dropped images as a data set: the middle of each, as a square of 32×32 in colour.
import { byteDataset } from "../../../lib/data/byte-images.ts";
import type { ImageDataset } from "../../../lib/data/dataset.ts";
import { UserError } from "../../../lib/errors.ts";
import { toPlanes } from "../../../lib/images/pixels.ts";

const side = 32;
const channels = 3;

/** How the command line reads a folder of the same images in the same way. */
export const opening = { size: [side, side], fit: "cover", channels } as const;

/** Decodes images by the browser's own decoders; files that hold none are left out. Throws UserError where no image is left. */
export async function decodeImages(files: readonly Blob[]): Promise<ImageDataset> {
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new UserError("this browser cannot decode images in a worker");
  context.imageSmoothingQuality = "high";
  const decoded: Uint8Array[] = [];
  for (const file of files) {
    const image = await createImageBitmap(file).catch(() => undefined);
    if (image) decoded.push(cropped(image, context));
  }
  if (decoded.length === 0)
    throw new UserError(`expected images such as PNG, JPEG or WebP, none of ${files.length} files is one`);
  const bytes = new Uint8Array(decoded.length * channels * side * side);
  for (const [i, each] of decoded.entries()) bytes.set(each, i * each.length);
  return byteDataset({ name: "images", shape: [channels, side, side], bytes, labels: undefined });
}

/** The largest square in the middle, as planes [C,H,W] on black. */
function cropped(image: ImageBitmap, context: OffscreenCanvasRenderingContext2D): Uint8Array {
  using _ = { [Symbol.dispose]: () => image.close() };
  const { width, height } = image;
  const square = Math.min(width, height);
  context.fillRect(0, 0, side, side);
  context.drawImage(image, (width - square) / 2, (height - square) / 2, square, square, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side);
  return toPlanes(Uint8Array.from(data.filter((_, at) => at % 4 < channels)), channels);
}
