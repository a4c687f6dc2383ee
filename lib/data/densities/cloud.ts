// A fixed cloud of points in the plane, drawn by a density's sampler.

import { type RandomStream, stream } from "../../random.ts";
import type { Dataset } from "../dataset.ts";
import { pointsDataset } from "../points.ts";

export type Point = readonly [x: number, y: number];

const POINTS = 4096;

/** 4096 points as a finite dataset whose density is the mixture over these very points; point `index` is a function of (seed, index). */
export function cloudDataset(name: string, draw: (random: RandomStream) => Point, seed: number): Dataset {
  const points = Array.from({ length: POINTS }, (_, index) => draw(stream(seed, name, index)));
  return pointsDataset({ name, dimensions: 2, points: Float32Array.from(points.flat()) });
}
