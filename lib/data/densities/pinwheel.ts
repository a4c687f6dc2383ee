// A pinwheel of five bent arms (Johnson et al. 2016, "Composing graphical models with neural networks").

import type { RandomStream } from "../../random.ts";
import type { Point } from "./cloud.ts";

const ARMS = 5;
const SCALE = 1.35;
const LENGTH = 0.3;
const THICKNESS = 0.1;
const BEND = 0.25;

/** One point of one arm: a Gaussian beside the centre, turned the more the farther out it lies. */
export function pinwheel(random: RandomStream): Point {
  const along = 1 + LENGTH * random.normal();
  const across = THICKNESS * random.normal();
  const angle = (2 * Math.PI * random.integer(ARMS)) / ARMS + BEND * Math.exp(along);
  const [cos, sin] = [SCALE * Math.cos(angle), SCALE * Math.sin(angle)];
  return [along * cos - across * sin, along * sin + across * cos];
}
