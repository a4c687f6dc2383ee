// The layers that are shown, from the lowest to the highest.
import { plane } from "../../state/plane.ts";
import { learnedArrows, trueArrows } from "./arrows.ts";
import { data } from "./data.ts";
import { heat } from "./heat.ts";
import type { Layer } from "./layer.ts";
import { particles } from "./particles.ts";
import { paths } from "./paths.ts";
import { sketch } from "./sketch.ts";
import { trails } from "./trails.ts";

const toggled = [
  [plane.data, data],
  [plane.trueArrows, trueArrows],
  [plane.arrows, learnedArrows],
  [plane.paths, paths],
  [plane.trails, trails],
  [plane.particles, particles],
] as const;

/** Those that the state has switched on. */
export function shownLayers(): Layer[] {
  const name = plane.heat.value;
  return [
    ...(name === "none" ? [] : [heat(name)]),
    sketch,
    ...toggled.filter(([shown]) => shown.value).map(([, layer]) => layer),
  ];
}
