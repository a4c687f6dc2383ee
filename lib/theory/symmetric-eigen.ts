// Eigenvalues and eigenvectors of small symmetric matrices by Jacobi rotations (Golub & Van Loan 2013, section 8.5).

const MAX_SWEEPS = 60;

export interface Eigen {
  /** [D], in no order. */
  readonly values: Float64Array;
  /** [D*D] orthonormal; element (d,e) is coordinate d of the eigenvector of value e. */
  readonly vectors: Float64Array;
}

/** The eigen-decomposition of a symmetric [D*D] matrix, to rounding. A diagonal matrix keeps the coordinate axes. */
export function symmetricEigen(matrix: ArrayLike<number>, size: number): Eigen {
  const a = Float64Array.from(matrix);
  const vectors = identity(size);
  const small = (Number.EPSILON * size) ** 2 * a.reduce((sum, x) => sum + x * x, 0);
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a, size) > small; sweep++)
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q);
  return { values: Float64Array.from({ length: size }, (_, d) => a[d * size + d]!), vectors };
}

function identity(size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let d = 0; d < size; d++) matrix[d * size + d] = 1;
  return matrix;
}

function offDiagonal(a: Float64Array, size: number): number {
  return a.reduce((sum, x, i) => (i % (size + 1) === 0 ? sum : sum + x * x), 0);
}

// The rotation in the plane of p and q by the smaller angle that makes element (p,q) zero.
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!;
  if (apq === 0) return;
  const cotangent = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const t = (cotangent < 0 ? -1 : 1) / (Math.abs(cotangent) + Math.hypot(cotangent, 1));
  const c = 1 / Math.hypot(t, 1);
  mixColumns(a, size, p, q, c, t * c);
  mixRows(a, size, p, q, c, t * c);
  mixColumns(vectors, size, p, q, c, t * c);
}

function mixColumns(m: Float64Array, size: number, p: number, q: number, c: number, s: number): void {
  for (let row = 0; row < m.length; row += size) mix(m, row + p, row + q, c, s);
}

function mixRows(m: Float64Array, size: number, p: number, q: number, c: number, s: number): void {
  for (let column = 0; column < size; column++) mix(m, p * size + column, q * size + column, c, s);
}

function mix(m: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = m[i]!;
  const y = m[j]!;
  m[i] = c * x - s * y;
  m[j] = s * x + c * y;
}
