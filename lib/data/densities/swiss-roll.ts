// The swiss roll seen from its end: a spiral of one and a half turns (Marsland 2014, chapter 6, in the plane).

import type { RandomStream } from "../../random.ts";
import type { Point } from "./cloud.ts";

const SCALE = 0.15;
const THICKNESS = 0.05;

/** One point: at distance .15 angle from the centre, the angle uniform on 1.5 pi..4.5 pi, with normal noise. */
export function swissRoll(random: RandomStream): Point {
  const angle = 1.5 * Math.PI * (1 + 2 * random.uniform());
  return [
    SCALE * angle * Math.cos(angle) + THICKNESS * random.normal(),
    SCALE * angle * Math.sin(angle) + THICKNESS * random.normal(),
  ];
}
