// A deterministic tensor that PyTorch can make too, for golden numbers.
import { sizeOf } from "../../lib/artifact/shape.ts";
import type { Shape } from "../../lib/author/graph/tensor.ts";

/** torch.sin(torch.arange(1, 1 + n)).reshape(shape) */
export function ramp(shape: Shape): { readonly data: Float64Array; readonly shape: Shape } {
  return { data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + 1)), shape };
}
