// One-dimensional figures: densities with a histogram of samples, and scores, over the line.

import type { Layer, Panel } from "./figure.ts";
import { type LinesOptions, line, overAxis } from "./lines.ts";
import { checkCount, extent, finite, type Interval, type Numbers } from "./numbers.ts";

/** Values of a function at the positions x. */
export interface Curve {
  readonly name: string;
  readonly x: Numbers;
  readonly values: Numbers;
}

export interface LineFigureOptions {
  readonly title?: string;
  readonly xTitle?: string;
  readonly width?: number;
  readonly height?: number;
}

export interface DensityLineOptions extends LineFigureOptions {
  /** Numbers [N] whose histogram, of area 1, stands behind the curves. */
  readonly samples?: Numbers;
  readonly bins?: number;
}

/**
 * Densities over the line, or the samples' histogram alone; samples beyond the curves are counted in its area and not shown.
 * Throws on what is not finite, and when there is nothing to show.
 */
export function densityLine(curves: readonly Curve[], options: DensityLineOptions = {}): Panel {
  const { samples, bins = 60 } = options;
  const positions = curves.length > 0 ? curves.flatMap(({ x }) => Array.from(x)) : (samples ?? []);
  const range = extent(finite("densityLine", "positions", positions));
  const layers = [
    ...(samples ? [histogram(finite("densityLine", "samples", samples), range, bins)] : []),
    ...(curves.length > 0 ? [lines("densityLine", curves)] : []),
  ];
  return overAxis(layers, { ...axes(options), yTitle: "density", zero: true });
}

/** Scores over the line, for example the learned and the true one. Throws on what is not finite. */
export function scoreLine(curves: readonly Curve[], options: LineFigureOptions = {}): Panel {
  return overAxis([zeroLine, lines("scoreLine", curves)], { ...axes(options), yTitle: "score" });
}

const axes = ({ title, xTitle = "x", width, height }: LineFigureOptions): Omit<LinesOptions, "yTitle"> => ({
  title,
  xTitle,
  width,
  height,
});

function lines(who: string, curves: readonly Curve[]): Layer {
  const points = curves.flatMap(({ name, x, values }) => {
    checkCount(who, `values of ${name}`, values, x.length);
    const y = finite(who, `values of ${name}`, values);
    return finite(who, `positions of ${name}`, x).map((each, i) => ({ name, x: each, y: y[i]! }));
  });
  return line(
    points,
    curves.map(({ name }) => name),
  );
}

function histogram(samples: readonly number[], [low, high]: Interval, bins: number): Layer {
  const width = (high - low) / bins;
  const counts = new Float64Array(bins);
  for (const sample of samples) {
    const bin = sample === high ? bins - 1 : Math.floor((sample - low) / width);
    if (bin >= 0 && bin < bins) counts[bin]!++;
  }
  const bars = Array.from(counts, (count, i) => ({
    x: low + i * width,
    x2: low + (i + 1) * width,
    y: count / (samples.length * width),
  }));
  return {
    data: { values: bars },
    mark: { type: "rect", color: "#d3d3d3" },
    encoding: { x2: { field: "x2" }, y2: { datum: 0 } },
  };
}

const zeroLine: Layer = {
  data: { values: [{ y: 0 }] },
  mark: { type: "rule", color: "#999", strokeWidth: 1 },
  encoding: { x: { value: 0 }, x2: { value: "width" } },
};
