// A dataset that lies in memory as bytes.

import { bytesToUnit } from "../images/pixels.ts";
import type { ImageDataset } from "./dataset.ts";

/** Images [N,C,H,W] of bytes 0..255, with one label each or none at all. */
export interface ByteImages {
  readonly name: string;
  readonly shape: ImageDataset["shape"];
  readonly bytes: Uint8Array;
  readonly labels: Uint8Array | undefined;
}

/** The images as a dataset; the labels are classes 0..max. Throws at reading when an index is out of range. */
export function byteDataset({ name, shape, bytes, labels }: ByteImages): ImageDataset {
  const volume = shape[0] * shape[1] * shape[2];
  const size = bytes.length / volume;
  return {
    name,
    shape,
    size,
    classes: labels === undefined ? 0 : 1 + labels.reduce((a, b) => Math.max(a, b), 0),
    async read(indices, images, out) {
      indices.forEach((index, i) => {
        if (!(index >= 0 && index < size))
          throw new Error(`${name}: expected an index in 0..${size - 1}, got ${index}`);
        bytesToUnit(bytes.subarray(index * volume, (index + 1) * volume), images, i * volume);
        if (labels && out) out[i] = labels[index]!;
      });
    },
  };
}
