// A 3×3 convolution of an image enlarged twofold is a 4×4 transposed convolution of the image, with less than half of the products.

import { constant } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { matmul, reshape, transpose } from "../../graph/ops.ts";
import { type ConvAttrs, isOp, type Tensor } from "../../graph/tensor.ts";

/** The transposed convolution, or in gradients the convolution, of the small image. */
export const enlargedAttrs: ConvAttrs = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 };

const isPlain3x3 = (kernel: readonly number[], { strides, pads, dilations, group }: ConvAttrs) =>
  [kernel, strides, pads, dilations, group].join(" ") === "3,3 1,1 1,1,1,1 1,1 1";

const isTwofold = (x: Tensor): x is Tensor<"UpsampleNearest"> =>
  isOp(x, "UpsampleNearest") && x.attrs.scales.join() === "2,2";

/** Whether a convolution is such a one. */
export const isEnlargedConv = (x: Tensor, weight: Tensor, attrs: ConvAttrs): boolean =>
  isTwofold(x) && isPlain3x3(weight.shape.slice(2), attrs);

/** Which taps k of 3 meet the same small pixel at offset a of 4: output 2j + a - 1 sees pixel j through every k in {2 - a, 3 - a}. */
const met = [[2], [1, 2], [0, 1], [0]];

/** [9,16]: the sum of taps that stands at each place of the wide window. */
function widening(): Tensor {
  const matrix = new Float32Array(9 * 16);
  for (const [a, rows] of met.entries())
    for (const [b, columns] of met.entries())
      for (const row of rows) for (const column of columns) matrix[(3 * row + column) * 16 + 4 * a + b] = 1;
  return constant(matrix, [9, 16]);
}

/** The weight [O,I,3,3] of the convolution -> that of the transposed one, [I,O,4,4]. */
export function widened(weight: Tensor): Tensor {
  const [out, into] = weight.shape;
  const wide = matmul(reshape(weight, [out! * into!, 9]), widening());
  return transpose(reshape(wide, [out!, into!, 4, 4]), [1, 0, 2, 3]);
}

/** The gradients of such a convolution in its image and in its weight, by the small image alone. */
export function gradientOfEnlarged(node: Tensor, inputs: readonly Tensor[]): Tensor | undefined {
  if (isOp(node, "ReduceSum")) return gradientInImage(node, inputs[0]!);
  return isOp(node, "ConvWeightGrad") ? gradientInWeight(node, inputs) : undefined;
}

/** The sum over each 2×2 pixels of a transposed 3×3 convolution, which is what nearest-neighbour enlargement pulls back. */
function gradientInImage({ attrs, shape }: Tensor<"ReduceSum">, x: Tensor): Tensor | undefined {
  const [large] = x.inputs;
  const [n, c, h, w] = shape;
  const isFolded = x.shape.join() === [n, c, h, 2, w, 2].join() && attrs.axes.join() === "3,5";
  if (!isFolded || !isOp(x, "Reshape") || !large || !isOp(large, "ConvTranspose")) return undefined;
  const [g, weight] = large.inputs as [Tensor, Tensor];
  const isOurs =
    isPlain3x3(weight.shape.slice(2), large.attrs) && large.shape.join() === [n, c, 2 * h!, 2 * w!].join();
  return isOurs ? apply("Conv", [g, widened(weight)], enlargedAttrs) : undefined;
}

/** The wide weight's gradient, whose every place counts for the taps that it sums. */
function gradientInWeight(node: Tensor<"ConvWeightGrad">, [x, g]: readonly Tensor[]): Tensor | undefined {
  const { kernel, ...attrs } = node.attrs;
  if (!isTwofold(x!) || !isPlain3x3(kernel, attrs)) return undefined;
  const wide = apply("ConvWeightGrad", [g!, x.inputs[0]!], { ...enlargedAttrs, kernel: [4, 4] });
  const [out, into] = node.shape;
  const rows = reshape(transpose(wide, [1, 0, 2, 3]), [out! * into!, 16]);
  return reshape(matmul(rows, transpose(widening())), node.shape);
}
