// Losses against steps: each series as it was, faint, and smoothed.

import type { Panel } from "./figure.ts";
import { type LinePoint, line, overAxis } from "./lines.ts";
import { checkCount, finite, type Numbers } from "./numbers.ts";

export interface LossSeries {
  readonly name: string;
  readonly steps: Numbers;
  readonly losses: Numbers;
}

export interface LossCurvesOptions {
  readonly title?: string;
  readonly yTitle?: string;
  /** By default logarithmic where all losses are above 0 and span a factor of 20. */
  readonly scale?: "linear" | "log";
  readonly width?: number;
  readonly height?: number;
}

const DRAWN = 1500;
const LOG_FROM = 20;

/** One curve per series; of a long one, evenly spaced steps are drawn. Throws on losses that are not finite. */
export function lossCurves(series: readonly LossSeries[], options: LossCurvesOptions = {}): Panel {
  const all = finite(
    "lossCurves",
    "losses",
    series.flatMap(({ losses }) => Array.from(losses)),
  );
  const names = series.map(({ name }) => name);
  const raw = series.flatMap((each) => pointsOf(each, each.losses));
  const smooth = series.flatMap((each) => pointsOf(each, smoothed(each.losses)));
  return overAxis([line(raw, names, 0.25), line(smooth, names)], {
    xTitle: "step",
    yTitle: options.yTitle ?? "loss",
    logarithmicFor: (options.scale ?? naturalScale(all)) === "log" ? positive(all) : undefined,
    title: options.title,
    width: options.width,
    height: options.height,
  });
}

function positive(losses: readonly number[]): readonly number[] {
  const bad = losses.find((loss) => loss <= 0);
  if (bad === undefined) return losses;
  throw new Error(`lossCurves: expected losses above 0 for a logarithmic axis, got ${bad}; use linear`);
}

function pointsOf({ name, steps }: LossSeries, losses: Numbers): LinePoint[] {
  checkCount("lossCurves", `losses of ${name}`, losses, steps.length);
  const x = finite("lossCurves", `steps of ${name}`, steps);
  const stride = Math.ceil(x.length / DRAWN);
  return x.map((step, i) => ({ name, x: step, y: losses[i]! })).filter((_, i) => i % stride === 0);
}

/** The moving average over about a thirtieth of the series, without the pull towards 0 at its beginning. */
function smoothed(losses: Numbers): number[] {
  const keep = 1 - 1 / Math.max(1, losses.length / 30);
  let [sum, weight] = [0, 0];
  return Array.from(losses, (loss) => {
    sum = keep * sum + loss;
    weight = keep * weight + 1;
    return sum / weight;
  });
}

function naturalScale(losses: readonly number[]): "linear" | "log" {
  const low = losses.reduce((a, b) => Math.min(a, b));
  const high = losses.reduce((a, b) => Math.max(a, b));
  return low > 0 && high / low > LOG_FROM ? "log" : "linear";
}
