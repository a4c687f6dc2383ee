// Convolutions of 3×3 taps tile by tile, with fewer multiplications: values of polynomials are multiplied instead of coefficients (Winograd 1980).
import { constant } from "../graph/constant.ts";
import { matmul, reshape, transpose } from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";

type Matrix = readonly (readonly number[])[];

const taps = 3;

/**
 * F(m×m, 3×3): a tile d of (m+2)×(m+2) pixels gives Aᵀ[(G w Gᵀ) ⊙ (Bᵀ d B)]A, m×m pixels (Lavin & Gray 2016, Eq. 8). Each matrix is M ⊗ M, which
 * transforms the rows and the columns of a tile at once, in float32.
 */
export interface TileProducts {
  /** m: pixels of a tile that are new in the next one. */
  readonly stride: number;
  /** m + 2: pixels along a side. */
  readonly side: number;
  /** Bᵀ ⊗ Bᵀ, [side², side²]. */
  readonly forInput: Tensor;
  /** G ⊗ G, [side², 9]. */
  readonly forWeight: Tensor;
  /** The same for a weight whose taps are met in the opposite order. */
  readonly forOpposite: Tensor;
  /** Aᵀ ⊗ Aᵀ, [stride², side²]. */
  readonly forOutput: Tensor;
}

/**
 * The products that go through the values of polynomials at these points and their leading coefficients (Toom 1963, Cook 1966); m is one less than
 * there are points. Points whose magnitudes lie around one keep rounding small.
 */
export function tileProducts(points: readonly number[]): TileProducts {
  const stride = points.length - 1;
  const side = points.length + 1;
  const others = points.map((point) => points.filter((other) => other !== point));
  const apart = points.map((point, i) => others[i]!.reduce((product, other) => product * (point - other), 1));
  const leading = (length: number) => Array.from({ length }, (_, i) => Number(i === length - 1));
  const valuesOf = (length: number) => [...points.map((point) => powers(point, length)), leading(length)];
  const input = [...others.map((roots) => [...withRoots(roots), 0]), withRoots(points)];
  const weight = valuesOf(taps).map((row, i) => row.map((value) => value / (apart[i] ?? 1)));
  return {
    stride,
    side,
    forInput: both(input),
    forWeight: both(weight),
    forOpposite: both(weight.map((row) => row.toReversed())),
    forOutput: both(transposed(valuesOf(stride))),
  };
}

/** A weight [A,B,3,3] -> transformed [side², A, B]; `matrix` is one of those for weights. */
export function transformedWeight(matrix: Tensor, weight: Tensor): Tensor {
  const [a, b] = weight.shape as [number, number];
  return reshape(matmul(matrix, transpose(reshape(weight, [a * b, -1]))), [-1, a, b]);
}

/** Tiles' pixels [..., side², tiles·C] -> transformed [..., side², tiles, C]. */
export function transformedTiles({ forInput }: TileProducts, pixels: Tensor, channels: number): Tensor {
  const transformed = matmul(forInput, pixels);
  return reshape(transformed, [...transformed.shape.slice(0, -1), -1, channels]);
}

/** Transformed tiles [..., side², tiles, C] by a transformed weight [side², C, O] -> the pixels of results, [..., stride², tiles·O]. */
export function resultPixels({ forOutput }: TileProducts, tiles: Tensor, weight: Tensor): Tensor {
  const results = matmul(tiles, weight);
  return matmul(forOutput, reshape(results, [...results.shape.slice(0, -2), -1]));
}

/** 1, x, x², ... */
const powers = (x: number, length: number): number[] => Array.from({ length }, (_, power) => x ** power);

/** The coefficients, lowest first, of the polynomial (x - root)(x - root)... */
const withRoots = ([root, ...rest]: readonly number[]): number[] => {
  if (root === undefined) return [1];
  const less = withRoots(rest);
  return Array.from({ length: less.length + 1 }, (_, i) => (less[i - 1] ?? 0) - root * (less[i] ?? 0));
};

const transposed = (matrix: Matrix): Matrix => matrix[0]!.map((_, i) => matrix.map((row) => row[i]!));

/** M ⊗ M. */
function both(matrix: Matrix): Tensor {
  const rows = matrix.flatMap((row) => matrix.map((column) => row.flatMap((r) => column.map((c) => r * c))));
  return constant(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
}
