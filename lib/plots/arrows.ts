// Arrows of a vector field, one in the middle of each cell.

import type { Layer } from "./figure.ts";
import { checkCount, finite, type Numbers } from "./numbers.ts";
import { type Grid, gridPoints, type OnGrid } from "./plane.ts";
import { ink } from "./theme.ts";

// From (0,1) to (0,-1): up, as y points down in SVG; an angle turns it clockwise.
const shape = "M-0.07,1L-0.07,-0.25L-0.34,-0.25L0,-1L0.34,-0.25L0.07,-0.25L0.07,1Z";

/** What the arrows' lengths mean, for a subtitle. */
export const lengthNote = "arrow length ∝ √|score|";

/** The greatest length of a field's vectors. Throws when it does not fill its grid or is not finite. */
export function longest(who: string, { grid, values }: OnGrid): number {
  checkCount(who, "coordinates of vectors", values, 2 * grid.rows * grid.columns);
  return lengths(finite(who, "vectors", values)).reduce((a, b) => Math.max(a, b));
}

/** The field's arrows, as long as a cell where the vector's length is `full`, and shorter by its square root elsewhere. */
export function arrows({ grid, values }: OnGrid, full: number, width: number): Layer {
  const cell = cellSize(grid, width);
  const points = gridPoints(grid);
  const rows = lengths(values).map((length, n) => ({
    x: points[2 * n]!,
    y: points[2 * n + 1]!,
    angle: (Math.atan2(values[2 * n]!, values[2 * n + 1]!) * 180) / Math.PI,
    // A symbol's size is the square of its side.
    size: cell ** 2 * Math.min(1, length / (full || 1)),
  }));
  return {
    data: { values: rows },
    mark: { type: "point", shape, filled: true, clip: true, color: ink, opacity: 0.85, strokeWidth: 0 },
    encoding: {
      angle: { field: "angle", type: "quantitative", scale: null },
      size: { field: "size", type: "quantitative", scale: null },
    },
  };
}

const lengths = (vectors: Numbers): number[] =>
  Array.from({ length: vectors.length / 2 }, (_, n) => Math.hypot(vectors[2 * n]!, vectors[2 * n + 1]!));

const cellSize = ({ x, y, columns, rows }: Grid, width: number) =>
  (width / (x[1] - x[0])) * Math.min((x[1] - x[0]) / columns, (y[1] - y[0]) / rows);
