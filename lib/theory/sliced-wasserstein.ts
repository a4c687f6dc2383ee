// A distance between two laws of which equally many samples are known, cheap in any dimension.
import { stream } from "../random.ts";

/**
 * The mean over random directions of the Wasserstein-1 distance between the projections of two clouds [n*D]
 * (Bonneel et al. 2015): sorted projections side by side. The directions are the same whenever `directions` is. Throws when
 * the clouds differ in size.
 */
export function slicedWasserstein(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  dimensions: number,
  directions = 16,
): number {
  if (x.length !== y.length)
    throw new Error(
      `slicedWasserstein: expected clouds of one size, got ${x.length} and ${y.length} numbers`,
    );
  let sum = 0;
  for (let i = 0; i < directions; i++) {
    const direction = unitVector(dimensions, i);
    const [p, q] = [sortedProjection(x, direction), sortedProjection(y, direction)];
    sum += p.reduce((total, value, at) => total + Math.abs(value - q[at]!), 0) / p.length;
  }
  return sum / directions;
}

function unitVector(dimensions: number, index: number): number[] {
  const random = stream(0, "slice", index);
  const vector = Array.from({ length: dimensions }, () => random.normal());
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

function sortedProjection(cloud: ArrayLike<number>, direction: readonly number[]): Float64Array {
  const dimensions = direction.length;
  const projected = new Float64Array(cloud.length / dimensions);
  for (let i = 0; i < projected.length; i++)
    for (const [d, along] of direction.entries()) projected[i]! += along * cloud[i * dimensions + d]!;
  return projected.sort();
}
