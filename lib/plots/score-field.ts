// The arrows of a score over the heat map of its log density.

import { arrows, lengthNote, longest } from "./arrows.ts";
import type { Panel } from "./figure.ts";
import type { Numbers } from "./numbers.ts";
import { dots, logDensity, type OnGrid, type PlaneOptions, plane } from "./plane.ts";
import { accent, panelWidth } from "./theme.ts";

export interface ScoreFieldOptions extends PlaneOptions {
  /** Log density under the arrows. */
  readonly density?: OnGrid;
  /** Leaves out the density's legend, where another panel shows it. */
  readonly legend?: boolean;
  /** Points [N,2], for example the data. */
  readonly points?: Numbers;
  /** The length of a vector whose arrow fills a cell: by default the longest one's. */
  readonly full?: number;
}

/** One arrow for each vector of the score, its length the square root of the vector's. Throws on numbers that are not finite. */
export function scoreField(score: OnGrid, options: ScoreFieldOptions = {}): Panel {
  const { density, legend = true, points, width = panelWidth(1) } = options;
  const full = Math.max(options.full ?? 0, longest("scoreField", score));
  const layers = [
    ...(density ? [logDensity("scoreField", density, legend ? "log density" : undefined)] : []),
    ...(points ? [dots("scoreField", points, { color: accent })] : []),
    arrows(score, full, width),
  ];
  return plane(score.grid, layers, {
    title: "score",
    subtitle: lengthNote,
    ...options,
    width,
    filled: density !== undefined,
  });
}
