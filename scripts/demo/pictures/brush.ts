// A soft brush on pictures: how much of each pixel a stroke covers.
import type { PictureModel } from "../engine/protocol.ts";

/** Corners in the unit square, x to the right and y down. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** The curve as corners of a stroke, from parameter 0 to `end`. */
export const polyline = (
  curve: (t: number) => readonly [number, number],
  end: number,
  corners = 33,
): Stroke => Array.from({ length: corners }, (_, i) => curve((i / (corners - 1)) * end));

/** Of a pixel at this distance from the stroke's middle; the brush is a tenth of the picture wide, with a soft edge of a pixel. */
const softness = (distance: number, radius: number): number =>
  Math.min(1, Math.max(0, radius + 0.5 - distance));

/** Where the stroke covers it, the picture becomes `value`; a picture [C,H,W], or a mask [1,H,W]. Returns a copy. */
export function strokeOn(
  picture: Float32Array,
  [channels, height, width]: PictureModel["shape"],
  stroke: Stroke,
  value: number,
): Float32Array {
  const painted = picture.slice();
  const radius = 0.05 * Math.min(height, width);
  const corners = stroke.map(([x, y]) => [x * width - 0.5, y * height - 0.5] as const);
  for (let i = 0; i < height * width; i++) {
    const share = softness(distanceTo(corners, i % width, Math.floor(i / width)), radius);
    if (share === 0) continue;
    for (let at = i; at < channels * height * width; at += height * width)
      painted[at] = towards(picture[at]!, value, share);
  }
  return painted;
}

/** What is painted over stays: neighbouring strokes do not wear each other off. */
function towards(before: number, value: number, share: number): number {
  const mixed = (value > 0 ? -1 : 1) * (1 - share) + value * share;
  return value > 0 ? Math.max(before, mixed) : Math.min(before, mixed);
}

function distanceTo(corners: readonly (readonly [number, number])[], x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const [i, to] of corners.entries()) least = Math.min(least, toSegment(corners[i - 1] ?? to, to, x, y));
  return least;
}

function toSegment(
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  x: number,
  y: number,
): number {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / length));
  return Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
}
