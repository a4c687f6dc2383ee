// How every figure looks: colours that the colour-blind can tell apart, sizes that stay legible in a README, a light grid.

import type { Config } from "vega-lite";

/** Okabe and Ito's colours, the ones that thin lines show best first (Okabe & Ito 2008, "Color Universal Design"). */
export const categories = [
  "#0072B2",
  "#D55E00",
  "#009E73",
  "#CC79A7",
  "#E69F00",
  "#56B4E9",
  "#000000",
  "#999999",
] as const;

/** Colours of what lies above a heat map: dark on the light ramps. */
export const ink = "#1a1a1a";
export const accent = "#D55E00";

/** Colour ramps, low to high; light ones carry arrows, paths and points on top. */
export const ramps = {
  density: ["#ffffff", "#e3eef7", "#bdd7ec", "#8dbcde", "#5a9bcb"],
  error: ["#fffdf5", "#fde3b4", "#fbb271", "#e5734f", "#a8323f", "#5a0f3c"],
  energy: ["#440154", "#414487", "#2a788e", "#22a884", "#7ad151", "#fde725"],
} as const;

export type Ramp = keyof typeof ramps;

const FIGURE_WIDTH = 800;
const LEGEND_WIDTH = 90;
const AXIS_WIDTH = 60;
const GAP = 20;
const WIDEST_PANEL = 420;

/** The width of each of so many equal panels side by side, so that a figure is about 800 px wide with its axis and legend. */
export const panelWidth = (columns: number): number =>
  Math.min(WIDEST_PANEL, Math.floor((FIGURE_WIDTH - LEGEND_WIDTH - AXIS_WIDTH) / columns - GAP));

const grey = "#d9d9d9";
const text = { labelFontSize: 12, titleFontSize: 13, labelColor: ink, titleColor: ink } as const;

export const theme: Config = {
  background: "white",
  font: "Helvetica, Arial, 'DejaVu Sans', sans-serif",
  padding: 10,
  // Names for screen readers on each of thousands of cells would be most of the file.
  aria: false,
  concat: { spacing: GAP },
  view: { stroke: grey },
  title: {
    fontSize: 14,
    fontWeight: 600,
    color: ink,
    subtitleFontSize: 12,
    subtitleColor: "#555",
    offset: 8,
  },
  axis: {
    ...text,
    titleFontWeight: "normal",
    gridColor: "#ececec",
    domainColor: "#888",
    tickColor: "#888",
    labelOverlap: true,
    labelFlush: false,
  },
  legend: { ...text, titleFontWeight: "normal", gradientLength: 160, symbolStrokeWidth: 2, titleLimit: 0 },
  range: { category: [...categories] },
};
