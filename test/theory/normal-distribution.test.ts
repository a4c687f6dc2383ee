// The distribution function against tabulated values and against numerical integration of the density.
import { expect, test } from "bun:test";
import { erfc, normalCdf } from "../../lib/theory/normal-distribution.ts";

// Abramowitz & Stegun, tables 7.1 to 7.3, and the continued fraction in 40 digits for the tails.
test.each([
  [0, 1],
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [2, 0.004677734981047266],
  [3, 2.209049699858544e-5],
  [5, 1.5374597944280349e-12],
  [-1, 1.842700792949715],
])("erfc(%d)", (x, expected) => {
  expect(Math.abs(erfc(x) / expected - 1)).toBeLessThan(1e-13);
});

test("both formulas agree where they meet", () => {
  expect(Math.abs(erfc(2 - 1e-15) / erfc(2) - 1)).toBeLessThan(1e-12);
});

test("increments of the distribution are integrals of the density", () => {
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  for (let x = -7; x < 7; x += 0.5) {
    const n = 400;
    const h = 0.5 / n;
    let simpson = 0;
    for (let i = 0; i <= n; i++)
      simpson += density(x + i * h) * (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2);
    expect(Math.abs(normalCdf(x + 0.5) - normalCdf(x) - (simpson * h) / 3)).toBeLessThan(1e-13);
  }
});

test("symmetry", () => {
  for (const x of [0, 0.3, 1, 2.9, 4]) expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 15);
});
