// Three concentric rings in the plane, as dense on one as on another.

import type { RandomStream } from "../../random.ts";
import type { Point } from "./cloud.ts";

const SPACING = 0.6;
const THICKNESS = 0.05;

/** One point: radius .6, 1.2 or 1.8 with normal noise, at any angle. */
export function rings(random: RandomStream): Point {
  // A ring of radius n spacings is n times as long: 1 + 2 + 3 parts.
  const ring = [1, 2, 2, 3, 3, 3][random.integer(6)]!;
  const radius = SPACING * ring + THICKNESS * random.normal();
  const angle = 2 * Math.PI * random.uniform();
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}
