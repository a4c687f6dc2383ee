// Which pixels meet in the weight gradient of a convolution: of its input and of its output's gradient, through every tap.
import type { Ops, Tensor } from "../../graph/tensor.ts";
import type { Meeting } from "./pixel-table.ts";

/**
 * Which pixel of the moved image meets each one of the still image through a tap: x's move past g's, or, where the stride is one, g's the other way
 * past x's.
 */
export function meetingOf(
  moved: Tensor,
  still: Tensor,
  { kernel, strides, pads, dilations }: Ops["ConvWeightGrad"],
  movesG: boolean,
): Meeting {
  const sign = movesG ? -1 : 1;
  return {
    images: moved.shape[0]!,
    kernel,
    size: moved.shape.slice(2),
    extents: still.shape.slice(2),
    strides,
    steps: dilations.map((dilation) => sign * dilation),
    begins: pads.slice(0, 2).map((pad) => sign * pad),
  };
}

/** The taps of one row of the window, in every row of what is met. */
export const columnsOf = ({ kernel, begins, size, extents, ...rest }: Meeting): Meeting => ({
  ...rest,
  kernel: [1, kernel[1]!],
  begins: [0, begins[1]!],
  size,
  extents: [size[0]!, extents[1]!],
});
