// Built-in data: the digits in black and white, without grey.

import type { ImageDataset } from "./dataset.ts";
import { digits } from "./digits.ts";

/** Digits as [1,28,28] of -1 and 1, whichever of them a pixel is nearer to. */
export function binaryDigits(seed: number): ImageDataset {
  const grey = digits(seed);
  return {
    ...grey,
    name: "binary-digits",
    binary: true,
    async read(indices, images, labels) {
      await grey.read(indices, images, labels);
      for (let i = 0; i < images.length; i++) images[i] = images[i]! > 0 ? 1 : -1;
    },
  };
}
