// A circle without thickness: data on a curve, off which the density is 0 and the score undefined (Song & Ermon 2019, section 3.1).

import type { RandomStream } from "../../random.ts";
import type { Point } from "./cloud.ts";

/** One point on the circle of radius sqrt(2), at any angle. */
export function circle(random: RandomStream): Point {
  const angle = 2 * Math.PI * random.uniform();
  return [Math.SQRT2 * Math.cos(angle), Math.SQRT2 * Math.sin(angle)];
}
