// Two half circles that reach into each other.

import type { RandomStream } from "../../random.ts";
import type { Point } from "./cloud.ts";

const RADIUS = 1.35;
const THICKNESS = 0.08;

/** One point of either moon, each the other turned by half a turn about the origin, with normal noise. */
export function twoMoons(random: RandomStream): Point {
  const sign = random.integer(2) === 0 ? 1 : -1;
  const angle = Math.PI * random.uniform();
  return [
    sign * RADIUS * (Math.cos(angle) - 0.5) + THICKNESS * random.normal(),
    sign * RADIUS * (Math.sin(angle) - 0.25) + THICKNESS * random.normal(),
  ];
}
