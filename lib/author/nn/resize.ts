// Bilinear resizing as two products with constant interpolation matrices, one for rows and one for columns.
import { constant } from "../graph/constant.ts";
import { matmul } from "../graph/ops.ts";
import { mismatch } from "../graph/shapes.ts";
import type { Tensor } from "../graph/tensor.ts";

export interface ResizeOptions {
  /** Whether the corner pixels' centers, rather than the image's edges, coincide. */
  readonly alignCorners?: boolean;
}

/** x [N,C,H,W] -> [N,C,height,width], interpolated without smoothing as PyTorch's `interpolate` does. */
export function resizeBilinear(
  x: Tensor,
  [height, width]: readonly [height: number, width: number],
  { alignCorners = false }: ResizeOptions = {},
): Tensor {
  const [, , rows, columns] = x.shape;
  if (x.shape.length !== 4 || rows! * columns! === 0)
    mismatch("resizeBilinear", "x [N,C,H,W]", `[${x.shape}]`);
  const wide = matmul(
    x,
    constant(interpolation(columns!, width, alignCorners, "columns"), [columns!, width]),
  );
  return matmul(constant(interpolation(rows!, height, alignCorners, "rows"), [height, rows!]), wide);
}

/** The weight of each of `from` positions in each of `to`: [to, from], or [from, to] when it stands on the right. */
function interpolation(
  from: number,
  to: number,
  alignCorners: boolean,
  side: "rows" | "columns",
): Float32Array {
  const weights = new Float32Array(from * to);
  for (let i = 0; i < to; i++) {
    const position = alignCorners ? (i * (from - 1)) / Math.max(to - 1, 1) : ((i + 0.5) * from) / to - 0.5;
    const inside = Math.min(Math.max(position, 0), from - 1);
    const low = Math.floor(inside);
    const at = (p: number) => (side === "rows" ? i * from + p : p * to + i);
    weights[at(low)]! += 1 - (inside - low);
    if (low + 1 < from) weights[at(low + 1)]! += inside - low;
  }
  return weights;
}
