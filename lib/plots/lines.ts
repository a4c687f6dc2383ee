// Named curves over one axis.

import type { Layer, Panel } from "./figure.ts";
import { logarithmic } from "./logarithmic.ts";

export interface LinesOptions {
  readonly xTitle: string;
  readonly yTitle: string;
  readonly title?: string | undefined;
  /** Positive values for a logarithmic axis to fit; without them it is linear. */
  readonly logarithmicFor?: readonly number[] | undefined;
  /** Whether the vertical axis begins at 0. */
  readonly zero?: boolean;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** A row of a curve: one point of the curve `name`. */
export interface LinePoint {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** A line for each name. */
export const line = (values: readonly LinePoint[], names: readonly string[], opacity = 1): Layer => ({
  data: { values: [...values] },
  mark: { type: "line", strokeWidth: opacity < 1 ? 1 : 2, opacity, clip: true },
  encoding: {
    color: { field: "name", type: "nominal", scale: { domain: [...names] }, legend: legendOf(names) },
  },
});

// A single curve is named by the axis.
const legendOf = (names: readonly string[]) =>
  names.length > 1 ? { title: null, symbolOpacity: 1, symbolStrokeWidth: 2 } : null;

/** Layers over two axes that fit what they show. */
export function overAxis(layers: readonly Layer[], options: LinesOptions): Panel {
  const { xTitle, yTitle, title, logarithmicFor, zero = false, width = 560, height = 280 } = options;
  return {
    width,
    height,
    ...(title === undefined ? {} : { title }),
    layer: [...layers],
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title: xTitle,
        scale: { zero: false, nice: false },
        axis: { tickCount: 8 },
      },
      y: {
        field: "y",
        type: "quantitative",
        title: yTitle,
        ...(logarithmicFor ? logarithmic(logarithmicFor) : { scale: { zero }, axis: { tickCount: 6 } }),
      },
    },
  };
}
