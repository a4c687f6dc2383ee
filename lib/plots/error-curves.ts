// Errors against cost on two logarithmic axes: a line with dots for each method.

import type { Layer, Panel } from "./figure.ts";
import { logarithmic } from "./logarithmic.ts";
import { finite } from "./numbers.ts";
import { categories } from "./theme.ts";

export interface ErrorPoint {
  readonly method: string;
  readonly cost: number;
  readonly error: number;
}

export interface ErrorCurvesOptions {
  readonly title?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** A level below which errors mean nothing, drawn as a dashed line. */
  readonly floor?: number | undefined;
  readonly width?: number;
  readonly height?: number;
}

/** One line per method, in the order of the points. Throws on numbers that are not finite and above 0. */
export function errorCurves(points: readonly ErrorPoint[], options: ErrorCurvesOptions): Panel {
  const { title, xTitle, yTitle, floor, width = 560, height = 420 } = options;
  const [costs, errors] = [points.map(({ cost }) => cost), points.map(({ error }) => error)];
  for (const [what, values] of Object.entries({ costs, errors }))
    if (finite("errorCurves", what, values).some((value) => value <= 0))
      throw new Error(`errorCurves: expected ${what} above 0 for logarithmic axes, got 0 or less`);
  return {
    width,
    height,
    ...(title === undefined ? {} : { title }),
    layer: [...(floor === undefined ? [] : [dashed(floor)]), curves(points)],
    encoding: {
      x: { field: "cost", type: "quantitative", title: xTitle, ...logarithmic(costs) },
      y: { field: "error", type: "quantitative", title: yTitle, ...logarithmic(errors) },
    },
  };
}

function curves(points: readonly ErrorPoint[]): Layer {
  const domain = [...new Set(points.map(({ method }) => method))];
  const legend = { title: null };
  return {
    data: { values: [...points] },
    mark: { type: "line", point: { filled: true, size: 36 }, strokeWidth: 1.6, clip: true },
    encoding: {
      color: { field: "method", type: "nominal", scale: { domain, range: [...categories] }, legend },
      shape: { field: "method", type: "nominal", scale: { domain }, legend },
    },
  };
}

const dashed = (floor: number): Layer => ({
  data: { values: [{ error: floor }] },
  mark: { type: "rule", strokeDash: [5, 3], color: "#888" },
  encoding: { x: { value: 0 }, x2: { value: "width" } },
});
