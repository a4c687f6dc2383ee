// Where a learned score is wrong: a heat map of its error at each sigma, all with the same colours.

import { type Panel, smallMultiples } from "./figure.ts";
import { checkCount, finite, type Interval, type Numbers } from "./numbers.ts";
import { dots, heat, type OnGrid, plane } from "./plane.ts";
import { panelWidth } from "./theme.ts";

export interface ErrorAt {
  readonly sigma: number;
  /** The error in each cell, 0 or more. */
  readonly error: OnGrid;
}

export interface ErrorMapOptions {
  /** What the colours mean, for example "|s - s*|" or "relative error". */
  readonly quantity?: string;
  /** Greater errors have the last colour, and the legend says so; by default the greatest one has it. */
  readonly limit?: number;
  /** Logarithmic colours need errors above 0; they span four decades at most. */
  readonly scale?: "linear" | "log";
  /** Points [N,2], for example the data, to see where there are none. */
  readonly points?: Numbers;
  /** Panels per row. */
  readonly columns?: number;
}

const DECADES = 1e4;

/** One panel per sigma. Throws on errors that are negative or not finite, and when there is no sigma. */
export function errorMap(maps: readonly ErrorAt[], options: ErrorMapOptions = {}): Panel {
  const { quantity = "|s − s*|", scale = "linear", limit, points } = options;
  const all = finite("errorMap", "errors", maps.flatMap(errorsOf));
  const domain = domainOf(all, scale, limit);
  const columns = options.columns ?? Math.min(3, maps.length);
  const legend = [
    quantity,
    ...(all.some((error) => error > domain[1]) ? [`clipped at ${Number(domain[1].toPrecision(3))}`] : []),
  ];
  const panels = maps.map(({ sigma, error }, n) =>
    plane(
      error.grid,
      [
        heat(error, { ramp: "error", domain, scale, ...(n === legendAt(maps, columns) ? { legend } : {}) }),
        ...(points ? [dots("errorMap", points, { size: 4 })] : []),
      ],
      {
        title: `σ = ${Number(sigma.toPrecision(3))}`,
        width: panelWidth(columns),
        inner: n % columns > 0,
        filled: true,
      },
    ),
  );
  return smallMultiples(panels, columns);
}

// The legend stands at the end of the first row.
const legendAt = (maps: readonly unknown[], columns: number) => Math.min(columns, maps.length) - 1;

function errorsOf({ error: { grid, values } }: ErrorAt): number[] {
  checkCount("errorMap", "errors", values, grid.rows * grid.columns);
  const negative = Array.from(values).find((value) => value < 0);
  if (negative !== undefined) throw new Error(`errorMap: expected errors of 0 or more, got ${negative}`);
  return Array.from(values);
}

function domainOf(errors: readonly number[], scale: "linear" | "log", limit?: number): Interval {
  const high = limit ?? errors.reduce((a, b) => Math.max(a, b));
  if (scale === "linear") return [0, high || 1];
  const low = errors.reduce((a, b) => Math.min(a, b));
  if (!(low > 0))
    throw new Error("errorMap: expected errors above 0 for logarithmic colours, got 0; use linear");
  return [Math.max(low, high / DECADES), high];
}
