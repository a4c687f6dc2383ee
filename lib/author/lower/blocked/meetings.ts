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

/** The taps of one row of the window, in every row of what is met. */
export const columnsOf = ({ kernel, begins, size, extents, ...rest }: Meeting): Meeting => ({
  ...rest,
  kernel: [1, kernel[1]!],
  begins: [0, begins[1]!],
  size,
  extents: [size[0]!, extents[1]!],
});
