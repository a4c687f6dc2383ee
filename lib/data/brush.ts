// A pen of varying width: turns a smooth curve through points into the outline of its ink.

import type { Polygon } from "./rasterise.ts";

/** A point of a stroke's centre line, in pixels, and half the pen's width there. */
export interface InkPoint {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

const SAMPLES_PER_SPAN = 4;
const CAP_CORNERS = 7;

/** Points on the uniform Catmull-Rom spline through the points x0, y0, x1, y1, …, both ends included (Catmull & Rom 1974). */
export function smoothCurve(points: readonly number[]): [x: number, y: number][] {
  const last = points.length / 2 - 1;
  const at = (i: number, axis: number): number => points[2 * Math.min(last, Math.max(0, i)) + axis]!;
  const curve: [number, number][] = [];
  for (let i = 0; i < last; i++)
    for (let k = 0; k < SAMPLES_PER_SPAN; k++)
      curve.push([span(i, 0, k / SAMPLES_PER_SPAN, at), span(i, 1, k / SAMPLES_PER_SPAN, at)]);
  curve.push([at(last, 0), at(last, 1)]);
  return curve;
}

function span(i: number, axis: number, t: number, at: (i: number, axis: number) => number): number {
  const [a, b, c, d] = [at(i - 1, axis), at(i, axis), at(i + 1, axis), at(i + 2, axis)];
  return 0.5 * (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d))));
}

/** The outline of the ink along a centre line of at least two points, with round ends. */
export function outline(line: readonly InkPoint[]): Polygon {
  const left: number[] = [];
  const right: number[] = [];
  line.forEach((point, i) => {
    const angle = heading(line, i);
    const [nx, ny] = [-Math.sin(angle) * point.radius, Math.cos(angle) * point.radius];
    left.push(point.x + nx, point.y + ny);
    right.unshift(point.x - nx, point.y - ny);
  });
  const last = line.length - 1;
  return [
    ...left,
    ...cap(line[last]!, heading(line, last)),
    ...right,
    ...cap(line[0]!, heading(line, 0) + Math.PI),
  ];
}

function heading(line: readonly InkPoint[], i: number): number {
  const before = line[Math.max(0, i - 1)]!;
  const after = line[Math.min(line.length - 1, i + 1)]!;
  return Math.atan2(after.y - before.y, after.x - before.x);
}

// The half circle from the left side of the pen to its right side, both sides left out.
function cap(end: InkPoint, angle: number): number[] {
  return Array.from({ length: CAP_CORNERS - 1 }, (_, k) => {
    const turn = angle + Math.PI / 2 - (Math.PI * (k + 1)) / CAP_CORNERS;
    return [end.x + end.radius * Math.cos(turn), end.y + end.radius * Math.sin(turn)];
  }).flat();
}
