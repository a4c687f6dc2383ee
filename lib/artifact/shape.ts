// The size of a shape, which both wings count in.

/** Number of elements of a tensor of this shape; 1 for the shape [] of a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
