// Layers with parameters, named and initialised as PyTorch does.

import { sizeOf } from "../../artifact/shape.ts";
import { add, type ConvOptions, conv, matmul, oneHot, reshape, transpose } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { groupNorm } from "./normalization.ts";
import { fanIn, located, ones, type Parameters, zeros } from "./parameters.ts";

/** x [..., in] -> [..., out], with weight [out, in]. */
export function linear(p: Parameters, x: Tensor, out: number, { bias = true } = {}): Tensor {
  const width = x.shape.at(-1)!;
  return located(p, () => {
    // All rows in one product, which makes the weight's gradient one product too.
    const rows = reshape(x, [-1, width]);
    const y = matmul(rows, transpose(p.get("weight", [out, width], fanIn(width))));
    const result = bias ? add(y, p.get("bias", [out], fanIn(width))) : y;
    return reshape(result, [...x.shape.slice(0, -1), out]);
  });
}

/** The same linear layer at every pixel of x [N,in,H,W] -> [N,out,H,W]. */
export function pointwise(p: Parameters, x: Tensor, out: number): Tensor {
  const width = x.shape[1]!;
  return located(p, () => {
    const weight = p.get("weight", [out, width], fanIn(width));
    return conv(x, reshape(weight, [out, width, 1, 1]), p.get("bias", [out], fanIn(width)));
  });
}

/** A convolution of x [N,C,...] to `out` channels with a square window of `kernel`. */
export function convLayer(
  p: Parameters,
  x: Tensor,
  out: number,
  kernel: number,
  { bias = true, ...options }: ConvOptions & { readonly bias?: boolean } = {},
): Tensor {
  const [, channels, ...size] = x.shape;
  const shape = [out, channels! / (options.groups ?? 1), ...size.map(() => kernel)];
  const init = fanIn(sizeOf(shape) / out);
  return located(p, () =>
    conv(x, p.get("weight", shape, init), bias ? p.get("bias", [out], init) : undefined, options),
  );
}

/** Group normalisation of x [N,C,...] with a learned scale and shift per channel. */
export function groupNormLayer(p: Parameters, x: Tensor, groups: number, eps: number): Tensor {
  const channels = x.shape[1]!;
  return located(p, () =>
    groupNorm(x, groups, p.get("weight", [channels], ones), p.get("bias", [channels], zeros), eps),
  );
}

/** Rows of a table [count, width] by label [N] -> [N, width]. */
export function embedding(p: Parameters, labels: Tensor, count: number, width: number): Tensor {
  const table = p.get("weight", [count, width], { kind: "normal", std: 1 });
  return located(p, () => matmul(oneHot(labels, count), table));
}
