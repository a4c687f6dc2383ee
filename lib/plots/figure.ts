// Puts panels together to one figure: rows of panels under a title.

import type { TopLevelSpec } from "vega-lite";
import { theme } from "./theme.ts";

/** One picture of a figure, as a Vega-Lite specification. */
export type Panel = Extract<TopLevelSpec, { hconcat: unknown }>["hconcat"][number];

/** One layer of a panel: marks of one kind with their data. */
export type Layer = Extract<Panel, { layer: unknown }>["layer"][number];

/** Panels side by side and below each other, each with scales of its own. Throws when there is no panel. */
export function figure(rows: readonly (readonly Panel[])[], title?: string): TopLevelSpec {
  if (rows.flat().length === 0) throw new Error("figure: expected at least one panel, got none");
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    config: theme,
    ...(title === undefined ? {} : { title: { text: title, fontSize: 16, anchor: "middle", offset: 14 } }),
    ...stack(rows.map(sideBySide)),
  };
}

/** Panels on rows of so many, each with scales of its own. */
export function smallMultiples(panels: readonly Panel[], columns: number): Panel {
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  );
  return stack(rows.map(sideBySide));
}

const own = "independent";
const independent = { scale: { color: own, fill: own, shape: own, size: own, angle: own } } as const;
const sideBySide = (panels: readonly Panel[]) => ({ hconcat: [...panels], resolve: independent });
const stack = (rows: Panel[]) => ({ vconcat: rows, resolve: independent });
