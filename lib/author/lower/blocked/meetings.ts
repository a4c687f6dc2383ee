// Which pixels meet in the weight gradient of a convolution: of its input and of its output's gradient, through every tap.
import type { Ops, Tensor } from "../../graph/tensor.ts";
import type { Meeting } from "./pixel-table.ts";

type Attrs = Ops["ConvWeightGrad"];

/** Where the window's taps lie in x, at each position of g. */
export const outputsMeeting = (
  x: Tensor,
  g: Tensor,
  { kernel, strides, pads, dilations }: Attrs,
): Meeting => ({
  images: x.shape[0]!,
  kernel,
  size: x.shape.slice(2),
  extents: g.shape.slice(2),
  strides,
  steps: dilations,
  begins: pads.slice(0, 2),
});

/** Which position of g meets each pixel of x through a tap, for stride 1. */
export const inputsMeeting = (
  x: Tensor,
  g: Tensor,
  { kernel, strides, pads, dilations }: Attrs,
): Meeting => ({
  images: x.shape[0]!,
  kernel,
  size: g.shape.slice(2),
  extents: x.shape.slice(2),
  strides,
  steps: dilations.map((dilation) => -dilation),
  begins: pads.slice(0, 2).map((pad) => 0 - pad),
});

/** The taps of one row of the window. */
export const columnsOf = ({ kernel, begins, ...rest }: Meeting): Meeting => ({
  ...rest,
  kernel: [1, kernel[1]!],
  begins: [0, begins[1]!],
});

/** The rows of the window, as blocks of the side that stands still meet them; with `rowsFirst` all images are one wide image. */
export function blockRows(
  { kernel, steps, begins, size, ...rest }: Meeting,
  rowsFirst: boolean,
  block: number,
): Meeting {
  const images = rowsFirst ? 1 : rest.images;
  const blocks = [size[0]!, (size[1]! * rest.images) / images / block];
  return {
    images,
    kernel: [kernel[0]!, 1],
    size: blocks,
    extents: blocks,
    strides: rest.strides,
    steps: steps.map((step) => -step),
    begins: [0 - begins[0]!, 0],
  };
}
