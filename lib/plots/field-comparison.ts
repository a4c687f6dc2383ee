// A learned score beside the true one, drawn to the same scales.

import { longest } from "./arrows.ts";
import { type Panel, smallMultiples } from "./figure.ts";
import type { OnGrid } from "./plane.ts";
import { type ScoreFieldOptions, scoreField } from "./score-field.ts";
import { panelWidth } from "./theme.ts";

export type FieldComparisonOptions = Pick<ScoreFieldOptions, "density" | "points" | "width">;

/** Two score fields; an arrow of one length stands for one magnitude in both. Throws on numbers that are not finite. */
export function fieldComparison(learned: OnGrid, truth: OnGrid, options: FieldComparisonOptions = {}): Panel {
  const who = "fieldComparison";
  const full = Math.max(longest(who, learned), longest(who, truth));
  const shared = { width: panelWidth(2), ...options, full };
  return smallMultiples(
    [
      scoreField(learned, { ...shared, title: "learned score", legend: false }),
      scoreField(truth, { ...shared, title: "true score", inner: true }),
    ],
    2,
  );
}
