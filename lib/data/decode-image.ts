// Decodes one image file to planes of bytes of a given shape; sharp is loaded by the first.

import { UserError } from "../errors.ts";
import { toPlanes } from "../images/pixels.ts";

export interface DecodeOptions {
  /** Height and width in pixels. */
  readonly size: readonly [height: number, width: number];
  /** cover: fill the size and crop the middle; contain: fit inside with borders; fill: stretch. */
  readonly fit: "cover" | "contain" | "fill";
  readonly channels: 1 | 3;
  /** CSS colour behind transparent pixels and in borders. */
  readonly background: string;
}

/** Rejects with UserError where `text` is no colour that sharp reads. */
export async function checkColour(text: string): Promise<void> {
  const { default: sharp } = await import("sharp");
  try {
    sharp({ create: { width: 1, height: 1, channels: 3, background: text } });
  } catch {
    throw new UserError(`background: expected a CSS colour (white, #a0c0ff, rgb(10, 20, 30)), got "${text}"`);
  }
}

// A file may claim any size in a few bytes; larger ones than this are refused before they are decoded.
const MAX_PIXELS = 100_000_000;

/**
 * The first frame of the file as [C,H,W] bytes in sRGB (or grey), turned upright as its EXIF data says, over the background.
 * Throws when the file cannot be decoded.
 */
export async function decodeImage(path: string, options: DecodeOptions): Promise<Uint8Array> {
  const { fit, channels, background } = options;
  const [height, width] = options.size;
  const { default: sharp } = await import("sharp");
  const picture = sharp(path, { limitInputPixels: MAX_PIXELS, failOn: "error" })
    .autoOrient()
    .flatten({ background })
    .resize({ width, height, fit, background })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .removeAlpha()
    .raw({ depth: "uchar" });
  const { data, info } = await picture.toBuffer({ resolveWithObject: true });
  if (info.channels !== channels)
    throw new Error(`${path}: expected ${channels} channels after conversion, got ${info.channels}`);
  return toPlanes(data, channels);
}
