// Which convolutions are better computed plainly.
import type { Tensor } from "../../graph/tensor.ts";

/** As measured: below it, a training step of the digits preset is faster so. */
const fewPixels = 1024;

/** Whether a window of one pixel meets so few of them that laying out its weight costs more than blocks save. */
export const isSmallProduct = ({ shape: [n, , h, w] }: Tensor, kernel: readonly number[]): boolean =>
  kernel.every((extent) => extent === 1) && n! * h! * w! < fewPixels;
