// Lowers the input gradient of a stride-1 convolution to a convolution with the flipped, transposed weight.
import { apply } from "../graph/infer.ts";
import { slice, transpose } from "../graph/ops.ts";
import type { Ops, Tensor } from "../graph/tensor.ts";

/** ConvTranspose as Conv, about twice as fast on the CPU; undefined where the form does not exist. */
export function lowerConvTranspose(
  x: Tensor,
  weight: Tensor,
  attrs: Ops["ConvTranspose"],
): Tensor | undefined {
  const { strides, pads, dilations, group, outputPadding } = attrs;
  const axes = strides.map((_, i) => i);
  const reach = weight.shape.slice(2).map((k, i) => dilations[i]! * (k - 1));
  const mirrored = [
    ...axes.map((i) => reach[i]! - pads[i]!),
    ...axes.map((i) => reach[i]! - pads[i + axes.length]! + outputPadding[i]!),
  ];
  const applies = group === 1 && strides.every((stride) => stride === 1) && mirrored.every((n) => n >= 0);
  if (!applies) return undefined;
  const swapped = transpose(weight, [1, 0, ...axes.map((i) => i + 2)]);
  const flipped = slice(swapped, ...axes.map((i) => ({ axis: i + 2, step: -1 })));
  return apply("Conv", [x, flipped], { strides, pads: mirrored, dilations, group });
}
