// Attributes of blocked convolutions.
import type { ConvAttrs, Ops } from "../../graph/tensor.ts";

/** Those of a plain convolution, with nothing added. */
export const blockedAttrs = (attrs: ConvAttrs, block: number, bias = false): Ops["BlockedConv"] => ({
  ...attrs,
  block,
  bias,
  sum: false,
});

/** A window of one pixel, in so many groups. */
export const pointwiseAttrs = (block: number, group = 1): Ops["BlockedConv"] =>
  blockedAttrs({ strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group }, block);
