// An energy over the plane: low where points are likely.

import type { Panel } from "./figure.ts";
import { checkCount, extent, finite, type Numbers } from "./numbers.ts";
import { dots, heat, type OnGrid, type PlaneOptions, plane } from "./plane.ts";

export interface EnergyLandscapeOptions extends PlaneOptions {
  /** Points [N,2], for example the data. */
  readonly points?: Numbers;
  /** Energies this far above the least, and higher ones, have the last colour: by default the greatest. */
  readonly depth?: number;
}

/** The energy above its least value, which is all that it means. Throws on energies that are not finite. */
export function energyLandscape(energy: OnGrid, options: EnergyLandscapeOptions = {}): Panel {
  const { grid, values } = energy;
  checkCount("energyLandscape", "energies", values, grid.rows * grid.columns);
  const all = finite("energyLandscape", "energies", values);
  const [low, high] = extent(all);
  const depth = options.depth ?? high - low;
  const legend = ["E − min E", ...(depth < high - low ? [`clipped at ${Number(depth.toPrecision(3))}`] : [])];
  const above = { grid, values: all.map((value) => value - low) };
  const layers = [
    heat(above, { ramp: "energy", legend, domain: [0, depth] }),
    ...(options.points ? [dots("energyLandscape", options.points, { color: "white" })] : []),
  ];
  return plane(grid, layers, { title: "energy", ...options, filled: true });
}
