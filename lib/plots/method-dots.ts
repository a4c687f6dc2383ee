// Methods compared by numbers: a dot for each method and group, with the truth as a line.

import type { Layer, Panel } from "./figure.ts";
import { logarithmic } from "./logarithmic.ts";
import { finite } from "./numbers.ts";

export interface MethodValue {
  readonly method: string;
  /** What is measured of each method: a mode, a data set, a sigma. */
  readonly group: string;
  readonly value: number;
}

export interface MethodDotsOptions {
  /** What the values are: the axis title. */
  readonly quantity: string;
  readonly title?: string;
  /** The true value of each group, where there is one. */
  readonly truth?: readonly { readonly group: string; readonly value: number }[];
  readonly scale?: "linear" | "log";
  readonly width?: number;
}

const ROW = 30;

/** A row for each method, in the order given, and a colour for each group. Throws on values that are not finite, or not above 0 on a logarithmic axis. */
export function methodDots(values: readonly MethodValue[], options: MethodDotsOptions): Panel {
  const { quantity, title, truth = [], scale = "linear", width = 480 } = options;
  const all = finite(
    "methodDots",
    "values",
    [...values, ...truth].map(({ value }) => value),
  );
  if (scale === "log" && all.some((value) => value <= 0))
    throw new Error("methodDots: expected values above 0 for a logarithmic axis, got 0 or less; use linear");
  const groups = [...new Set(values.map(({ group }) => group))];
  return {
    width,
    height: { step: ROW },
    ...(title === undefined ? {} : { title }),
    layer: [...(truth.length > 0 ? [truthLines(truth, groups)] : []), dotsOf(values, groups)],
    encoding: {
      x: {
        field: "value",
        type: "quantitative",
        title: quantity,
        ...(scale === "log" ? logarithmic(all) : { scale: { zero: true } }),
      },
    },
  };
}

const dotsOf = (values: readonly MethodValue[], groups: string[]): Layer => ({
  data: { values: [...values] },
  mark: { type: "point", filled: true, size: 90, opacity: 0.95 },
  encoding: {
    y: { field: "method", type: "nominal", sort: null, title: null, axis: { grid: true, labelLimit: 260 } },
    color: { field: "group", type: "nominal", scale: { domain: groups }, legend: { title: null } },
    shape: { field: "group", type: "nominal", scale: { domain: groups }, legend: { title: null } },
  },
});

const truthLines = (truth: NonNullable<MethodDotsOptions["truth"]>, groups: string[]): Layer => ({
  data: { values: [...truth] },
  mark: { type: "rule", strokeDash: [5, 3], strokeWidth: 1.5 },
  encoding: {
    color: { field: "group", type: "nominal", scale: { domain: groups }, legend: { title: null } },
  },
});
