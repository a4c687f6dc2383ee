// Points as a dataset, and points of a file brought to unit scale.

import { UserError } from "../errors.ts";
import { GaussianMixture } from "../theory/gaussian-mixture.ts";
import type { Dataset, Units } from "./dataset.ts";

interface Points {
  readonly name: string;
  readonly dimensions: number;
  /** [N*D]. */
  readonly points: Float32Array;
  readonly units?: Units;
}

/** Every score of a mixture visits every number of its points; with more than these the density counts as unknown. */
const MAX_DENSITY_NUMBERS = 2 ** 17;

/**
 * The points [N*D] as a dataset of shape [D]; its known density is the mixture over all of them, or none when they are more than
 * 2^17 numbers (65536 points of the plane). Throws at reading when an index is out of range.
 */
export function pointsDataset({ name, dimensions, points, units }: Points): Dataset {
  const size = points.length / dimensions;
  return {
    name,
    shape: [dimensions],
    size,
    classes: 0,
    ...(points.length <= MAX_DENSITY_NUMBERS && {
      density: { form: "empirical", mixture: GaussianMixture.points(points, dimensions) },
    }),
    ...(units && { units }),
    async read(indices, samples) {
      indices.forEach((index, i) => {
        if (!(index >= 0 && index < size))
          throw new Error(`${name}: expected an index in 0..${size - 1}, got ${index}`);
        samples.set(points.subarray(index * dimensions, (index + 1) * dimensions), i * dimensions);
      });
    },
  };
}

/**
 * The rows [N*D] of a file, each column shifted and scaled to mean 0 and standard deviation 1 (a constant column only shifted);
 * `units` undoes it. Throws UserError when there are fewer than two rows or a column's range is no float64.
 */
export function standardisedPoints(path: string, name: string, rows: Float64Array, columns: number): Dataset {
  const count = columns === 0 ? 0 : rows.length / columns;
  if (count < 2) throw new UserError(`${path}: expected at least two points, got ${count}`);
  const scales = Array.from({ length: columns }, (_, column) => columnScale(path, rows, columns, column));
  const points = Float32Array.from(rows, (value, i) => {
    const { offset, scale } = scales[i % columns]!;
    return (value - offset) / scale;
  });
  const units = {
    offset: scales.map(({ offset }) => offset),
    scale: scales.map(({ scale }) => scale),
  };
  return pointsDataset({ name, dimensions: columns, points, units });
}

// Sums of (value - low) / range, so that neither a large offset nor an extreme magnitude costs accuracy.
function columnScale(path: string, rows: Float64Array, columns: number, column: number) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = column; i < rows.length; i += columns) {
    low = Math.min(low, rows[i]!);
    high = Math.max(high, rows[i]!);
  }
  const range = high - low;
  if (range === 0) return { offset: low, scale: 1 };
  if (range === Number.POSITIVE_INFINITY)
    throw new UserError(`${path}: column ${column + 1} reaches from ${low} to ${high}; scale it down first`);
  const count = rows.length / columns;
  let mean = 0;
  for (let i = column; i < rows.length; i += columns) mean += (rows[i]! - low) / range / count;
  let variance = 0;
  for (let i = column; i < rows.length; i += columns)
    variance += ((rows[i]! - low) / range - mean) ** 2 / count;
  return { offset: low + mean * range, scale: Math.sqrt(variance) * range };
}
