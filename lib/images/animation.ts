// Animated pictures: WebP and GIF from frames of one size; sharp is loaded by the first.

import { extname } from "node:path";
import type { Sharp } from "sharp";
import { UserError } from "../errors.ts";
import type { Pixels } from "./pixels.ts";
import { writeAtomically } from "./write-atomically.ts";

export interface AnimationOptions {
  /** Milliseconds that each frame is shown. */
  readonly delay?: number;
  /** Milliseconds that the last frame is shown. */
  readonly hold?: number;
}

interface Timing {
  readonly delay: number[];
  readonly loop: number;
}

// More effort than 1 makes a GIF of noise slower to write, three times and more, and no smaller.
const encoders: Record<string, (frames: Sharp, timing: Timing) => Sharp> = {
  ".webp": (frames, timing) => frames.webp({ ...timing, quality: 90 }),
  ".gif": (frames, timing) => frames.gif({ ...timing, effort: 1 }),
};

/** File extensions that an animation can have. */
export const animationExtensions: readonly string[] = Object.keys(encoders);

/**
 * Writes the frames as an endless animation, in the format that the path's extension names; equal neighbours may become one frame
 * that is shown for as long. Throws UserError on another extension.
 */
export async function writeAnimation(
  path: string,
  frames: readonly Pixels[],
  { delay = 80, hold = 2000 }: AnimationOptions = {},
): Promise<void> {
  const encode = encoders[extname(path).toLowerCase()];
  if (!encode)
    throw new UserError(`${path}: expected an animation ending in ${animationExtensions.join(" or ")}`);
  const timing = { delay: frames.map((_, i) => (i === frames.length - 1 ? hold : delay)), loop: 0 };
  await writeAtomically(path, await encode(await stack(frames), timing).toBuffer());
}

// sharp takes an animation as one tall picture with the frames below each other.
async function stack(frames: readonly Pixels[]): Promise<Sharp> {
  const first = frames[0];
  if (!first) throw new Error("writeAnimation: expected at least one frame, got none");
  const { width, height, channels } = first;
  const data = new Uint8Array(frames.length * first.data.length);
  frames.forEach((frame, i) => {
    if (frame.width !== width || frame.height !== height || frame.channels !== channels)
      throw new Error(
        `writeAnimation: expected frame ${i} to be ${width}x${height}x${channels}, got ${frame.width}x${frame.height}x${frame.channels}`,
      );
    data.set(frame.data, i * first.data.length);
  });
  const { default: sharp } = await import("sharp");
  return sharp(data, {
    raw: { width, height: frames.length * height, channels, pageHeight: height },
    limitInputPixels: false,
  });
}
