// The options that say what a model learns from, and how images in a folder become equal in size.
import type { Dataset } from "../../lib/data/dataset.ts";
import { densities } from "../../lib/data/densities/index.ts";
import { parseImageSize } from "../../lib/data/image-size.ts";
import { dataKinds, type OpenOptions, openDataset } from "../../lib/data/open.ts";
import { oneOf, optionalChoice, text, type Values } from "./options.ts";
import { tell } from "./progress.ts";

export const dataOptions = {
  data: text("--data <source>", `what to learn (default: the preset's own): ${dataKinds}`),
  imageSize: text(
    "--image-size <n>",
    "size of a folder's images, such as 32 or 28x20 (height x width; default 32)",
  ),
  fit: optionalChoice("--fit <how>", "how a folder's images get that size (default cover, which crops)", [
    "cover",
    "contain",
    "fill",
  ]),
  channels: oneOf("--channels <n>", "1 to read a folder's images as grey, 3 as colour (default 3)", [1, 3]),
  background: text(
    "--background <colour>",
    "CSS colour behind transparent pixels and in borders (default black)",
  ),
};

export type DataChoice = Values<typeof dataOptions>;

/** What of a choice describes how to open the data, as a manifest remembers it. */
export function openingOf({ imageSize, fit, channels, background }: DataChoice) {
  return {
    ...(imageSize && { size: parseImageSize(imageSize) }),
    ...(fit && { fit }),
    ...(channels && { channels }),
    ...(background && { background }),
  } satisfies OpenOptions;
}

/** Opens data; problems with single images are told on standard error. */
export function openData(source: string, seed: number, opening: OpenOptions): Promise<Dataset> {
  return openDataset(source, { ...opening, seed, warn: tell });
}

/** Whether a source is known by its name to hold points and not images. */
export const namesPoints = (source: string): boolean =>
  Object.hasOwn(densities, source.split(":")[0]!) || /\.(csv|tsv|npy)$/i.test(source);
