// Eigenvalues by Jacobi rotations against known spectra and the definition.
import { expect, test } from "bun:test";
import { symmetricEigen } from "../../lib/theory/symmetric-eigen.ts";

// The second-difference matrix has eigenvalues 2 - 2 cos(pi k / (D + 1)) (Golub & Van Loan 2013, section 4.8.3).
test.each([1, 2, 3, 10, 40])("the second-difference matrix of size %d", (size) => {
  const matrix = Array.from({ length: size * size }, (_, i) => {
    const distance = Math.abs((i % size) - Math.floor(i / size));
    return [2, -1][distance] ?? 0;
  });
  const { values, vectors } = symmetricEigen(matrix, size);
  [...values]
    .sort((a, b) => a - b)
    .forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos((Math.PI * (k + 1)) / (size + 1)), 12);
    });
  for (let e = 0; e < size; e++)
    for (let d = 0; d < size; d++) {
      const v = (i: number) => vectors[i * size + e]!;
      let product = 0;
      for (let j = 0; j < size; j++) product += matrix[d * size + j]! * v(j);
      expect(product).toBeCloseTo(values[e]! * v(d), 12);
    }
});

test("a diagonal matrix keeps its order and the coordinate axes", () => {
  const { values, vectors } = symmetricEigen([3, 0, 0, 1], 2);
  expect([...values, ...vectors]).toEqual([3, 1, 1, 0, 0, 1]);
});

test("magnitudes that lie far apart keep their relative accuracy", () => {
  const { values } = symmetricEigen([1e12, 1e3, 1e3, 1], 2);
  const small = Math.min(...values);
  // det = 1e12 - 1e6 and the large one is 1e12 + 1e-6.
  expect(Math.abs(small / (1 - 1e-6) - 1)).toBeLessThan(1e-9);
});
