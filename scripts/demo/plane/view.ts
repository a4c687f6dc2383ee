// Where points of the plane are drawn: data and noise of any level fill the same square.
import type { PlaneInfo } from "../engine/protocol.ts";

type Frame = Pick<PlaneInfo, "centre" | "radius" | "sigmaData">;

/** A square of the plane on a square canvas. */
export interface View {
  /** What points are drawn towards: the centre of the data. */
  readonly centre: readonly [x: number, y: number];
  readonly sigmaData: number;
  /** The middle of the canvas, and half of its side, in the data's units. */
  readonly middle: readonly [x: number, y: number];
  readonly half: number;
}

/** Room around the data, for noise has no borders. */
const MARGIN = 1.3;

export const viewOf = ({ centre, radius, sigmaData }: Frame): View => ({
  centre,
  sigmaData,
  middle: centre,
  half: MARGIN * radius,
});

/** The factor by which x - centre shrinks on the canvas: points have the data's size at every noise level. */
export const shrinkage = ({ sigmaData }: Pick<View, "sigmaData">, sigma: number): number =>
  1 / Math.sqrt(1 + (sigma / sigmaData) ** 2);

/** Points [n*2] of a noise level as they are drawn, in the data's units. */
export function shrunk(
  { centre: [x, y], ...view }: View,
  points: ArrayLike<number>,
  sigma: number,
): Float32Array {
  const factor = shrinkage(view, sigma);
  const drawn = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    drawn[i] = x + (points[i]! - x) * factor;
    drawn[i + 1] = y + (points[i + 1]! - y) * factor;
  }
  return drawn;
}

/** Drawn points [n*2] in pixels of a canvas of this side. */
export function inPixels({ middle: [x, y], half }: View, drawn: Float32Array, side: number): Float32Array {
  const scale = side / (2 * half);
  const pixels = new Float32Array(drawn.length);
  for (let i = 0; i < drawn.length; i += 2) {
    pixels[i] = side / 2 + (drawn[i]! - x) * scale;
    pixels[i + 1] = side / 2 - (drawn[i + 1]! - y) * scale;
  }
  return pixels;
}

/** The point of the data's units under a share 0..1 of the canvas, from its upper left. */
export const under = ({ middle: [x, y], half }: View, across: number, down: number): [number, number] => [
  x + (2 * across - 1) * half,
  y + (1 - 2 * down) * half,
];

/** Half the side of the square around `centre` that must be known at a noise level to fill the canvas. */
export function extentOf(view: View, sigma: number): number {
  const off = Math.max(Math.abs(view.middle[0] - view.centre[0]), Math.abs(view.middle[1] - view.centre[1]));
  return (view.half + off) / shrinkage(view, sigma);
}
