// The plane under two-dimensional figures: a region with equal units on both axes, grids of cells on it, points and heat maps.

import type { Layer, Panel } from "./figure.ts";
import { checkCount, extent, finite, type Interval, type Numbers } from "./numbers.ts";
import { ink, panelWidth, type Ramp, ramps } from "./theme.ts";

/** A rectangle of the plane. */
export interface Region {
  readonly x: Interval;
  readonly y: Interval;
}

/** A rectangle cut into equal cells. */
export interface Grid extends Region {
  readonly columns: number;
  readonly rows: number;
}

/** Numbers at the centres of a grid's cells, in the order of `gridPoints`: one per cell, or two (x, y) where they are vectors. */
export interface OnGrid {
  readonly grid: Grid;
  readonly values: Numbers;
}

/** What the panel around a plane says. */
export interface PlaneOptions {
  readonly title?: string;
  readonly subtitle?: string;
  /** Width of the region in pixels; its height follows, one unit being as long on both axes. */
  readonly width?: number;
  /** Leaves out the vertical axis, where a panel to the left shows it. */
  readonly inner?: boolean;
  /** Leaves out the lines of the grid and draws the axes last, as a heat map that fills the panel asks for. */
  readonly filled?: boolean;
}

/** The centres of a grid's cells as points [rows*columns,2]: row by row from the lowest y, from the lowest x. */
export function gridPoints({ x, y, columns, rows }: Grid): Float64Array {
  const points = new Float64Array(rows * columns * 2);
  for (let j = 0; j < rows; j++)
    for (let i = 0; i < columns; i++)
      points.set([between(x, (i + 0.5) / columns), between(y, (j + 0.5) / rows)], (j * columns + i) * 2);
  return points;
}

const between = ([low, high]: Interval, fraction: number) => low + (high - low) * fraction;

/** A square that holds all points [N,2] of all clouds, with a margin around them. */
export function regionAround(...clouds: readonly Numbers[]): Region {
  const all = finite(
    "regionAround",
    "points",
    clouds.flatMap((cloud) => Array.from(cloud)),
  );
  const x = extent(all.filter((_, i) => i % 2 === 0));
  const y = extent(all.filter((_, i) => i % 2 === 1));
  const half = 0.54 * Math.max(x[1] - x[0], y[1] - y[0]);
  const around = ([low, high]: Interval): Interval => [(low + high) / 2 - half, (low + high) / 2 + half];
  return { x: around(x), y: around(y) };
}

/** A panel that shows a region of the plane, later layers over earlier ones. */
export function plane(region: Region, layers: readonly Layer[], options: PlaneOptions = {}): Panel {
  const { title, subtitle, width = panelWidth(1), inner = false, filled = false } = options;
  const height = Math.round((width * (region.y[1] - region.y[0])) / (region.x[1] - region.x[0]));
  const axis = { tickCount: 5, grid: !filled, zindex: filled ? 1 : 0 };
  const leftAxis = { ...axis, title: inner ? null : "x₂", labels: !inner, ticks: !inner };
  return {
    width,
    height,
    ...(title === undefined ? {} : { title: { text: title, ...(subtitle ? { subtitle } : {}) } }),
    layer: [...layers],
    encoding: {
      x: { field: "x", type: "quantitative", scale: exactly(region.x), axis: { ...axis, title: "x₁" } },
      y: { field: "y", type: "quantitative", scale: exactly(region.y), axis: leftAxis },
    },
    resolve: { scale: { color: "independent", size: "independent" } },
  };
}

const exactly = (domain: Interval) => ({ domain: [...domain], nice: false, zero: false });

export interface HeatOptions {
  readonly ramp: Ramp;
  /** What the colours mean: the lines of the legend's title. Without them there is no legend. */
  readonly legend?: readonly string[] | undefined;
  /** Values of the first and the last colour; values beyond have these colours. */
  readonly domain: Interval;
  readonly scale?: "linear" | "log";
}

// Each cell reaches this far under the next ones, which are drawn later, or a hair of background would show between them.
const OVERLAP = 0.6;

/** A filled cell for each value of the grid. */
export function heat(
  { grid, values }: OnGrid,
  { ramp, legend, domain, scale = "linear" }: HeatOptions,
): Layer {
  return {
    data: { values: cells(grid, values, domain) },
    mark: { type: "rect", clip: true, x2Offset: OVERLAP, y2Offset: -OVERLAP },
    encoding: {
      x2: { field: "x2" },
      y2: { field: "y2" },
      color: {
        field: "value",
        type: "quantitative",
        scale: {
          type: scale,
          domain: [...domain],
          range: [...ramps[ramp]],
          interpolate: "lab",
          clamp: true,
          nice: false,
        },
        legend: legend === undefined ? null : { title: [...legend], format: ".3~g" },
      },
    },
  };
}

function cells({ x, y, columns, rows }: Grid, values: Numbers, [low, high]: Interval) {
  return Array.from({ length: rows * columns }, (_, n) => {
    const [i, j] = [n % columns, Math.floor(n / columns)];
    return {
      x: between(x, i / columns),
      x2: between(x, (i + 1) / columns),
      y: between(y, j / rows),
      y2: between(y, (j + 1) / rows),
      value: Math.min(high, Math.max(low, values[n]!)),
    };
  });
}

// A Gaussian falls by e^-8 four standard deviations from its mean: beyond, hardly any sample is found.
const LOG_DENSITY_DEPTH = 8;

/** The heat map of a log density; everything e^-8 below its maximum and lower, zero density too, has the lowest colour. */
export function logDensity(who: string, field: OnGrid, legend?: string): Layer {
  checkCount(who, "log densities", field.values, field.grid.rows * field.grid.columns);
  const known = Array.from(field.values, (value) => (value === Number.NEGATIVE_INFINITY ? -1e300 : value));
  const [, top] = extent(finite(who, "log densities", known));
  return heat(field, {
    ramp: "density",
    legend: legend === undefined ? undefined : [legend],
    domain: [top - LOG_DENSITY_DEPTH, top],
  });
}

export interface PointStyle {
  readonly color?: string;
  /** Area of a point in square pixels. */
  readonly size?: number;
  readonly opacity?: number;
}

/** A dot for each of the points [N,2] that lies in the region. Throws when there is none or one is not finite. */
export function dots(who: string, points: Numbers, style: PointStyle = {}): Layer {
  const { color = ink, size = 7, opacity = 0.5 } = style;
  return {
    data: { values: pairs(who, points) },
    // An opacity of the fill alone: drawing it is four times as fast.
    mark: { type: "circle", clip: true, color, size, opacity: 1, fillOpacity: opacity },
  };
}

/** Points [N,2] as rows. Throws when there is none, one is not finite, or a coordinate is left over. */
export function pairs(who: string, points: Numbers): { x: number; y: number }[] {
  const all = finite(who, "points", points);
  if (all.length % 2 !== 0) throw new Error(`${who}: expected points [N,2], got ${all.length} numbers`);
  return Array.from({ length: all.length / 2 }, (_, n) => ({ x: all[2 * n]!, y: all[2 * n + 1]! }));
}
