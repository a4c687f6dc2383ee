// The dark squares of a 4x4 checkerboard: sharp edges, and corners that touch.

import type { RandomStream } from "../../random.ts";
import type { Point } from "./cloud.ts";

const SIDE = 0.85;

/** One point, uniform on the eight squares. */
export function checkerboard(random: RandomStream): Point {
  const column = random.integer(4);
  const row = 2 * random.integer(2) + (column % 2);
  return [SIDE * (column - 2 + random.uniform()), SIDE * (row - 2 + random.uniform())];
}
