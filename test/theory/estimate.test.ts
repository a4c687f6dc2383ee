// A mean and its standard error, worked out by hand.
import { expect, test } from "bun:test";
import { estimate } from "../../lib/theory/estimate.ts";

test("the error of a mean is the spread over the root of the number", () => {
  const { mean, error } = estimate(Float64Array.of(1, 2, 3, 6));
  expect(mean).toBe(3);
  expect(error).toBeCloseTo(Math.sqrt(14 / 3 / 4), 12);
});

test("a single value has no error to speak of", () => {
  expect(estimate(Float64Array.of(5))).toEqual({ mean: 5, error: Number.NaN });
});
