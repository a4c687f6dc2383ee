// Pictures of models as pixels of a canvas.
import { unitToByte } from "../../../lib/images/pixels.ts";
import type { PictureModel } from "../engine/protocol.ts";

type Shape = PictureModel["shape"];

/** One picture [C,H,W] as pixels, its values multiplied by `scale` first; grey or in colour. */
export function imageOf(picture: Float32Array, [channels, height, width]: Shape, scale = 1): ImageData {
  const image = new ImageData(width, height);
  const area = height * width;
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++)
      image.data[4 * i + c] = unitToByte(scale * picture[(c % channels) * area + i]!);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

/** Pictures in VE coordinates are drawn as wide as data, so that noise is seen as noise and not as black and white. */
export const shrinkage = (sigma: number): number => 1 / Math.hypot(1, sigma);
