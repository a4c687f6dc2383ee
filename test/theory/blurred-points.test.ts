// The fast density of points against the mixture that visits them all.
import { describe, expect, test } from "bun:test";
import { densities } from "../../lib/data/densities/index.ts";
import { stream } from "../../lib/random.ts";
import { BlurredPoints } from "../../lib/theory/blurred-points.ts";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";

const rms = (values: readonly number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

describe.each(["two-moons", "checkerboard", "circle"])("%s", (name) => {
  const { mixture } = densities[name]!.make(0).density!;
  const fast = new BlurredPoints(mixture);

  // Between them the levels take every size of group, the points alone and all points as one.
  test.each([0.002, 0.02, 0.07, 0.15, 0.4, 1, 3, 20, 150])("at sigma %d", (sigma) => {
    const places = Array.from({ length: 60 }, (_, i) => mixture.sample(stream(1, "place", i), 1.5 * sigma));
    const exact = places.map((x) => [...mixture.score(x, sigma)]);
    const error = places.map((x, i) => fast.score(x, sigma).map((value, d) => value - exact[i]![d]!));
    expect(rms(error.flatMap((each) => [...each])) / rms(exact.flat())).toBeLessThan(0.02);
    for (const x of places)
      expect(Math.abs(fast.logpdf(x, sigma) - mixture.logpdf(x, sigma))).toBeLessThan(0.15);
  });

  test("far away and between points, where all but one term vanish", () => {
    for (const x of [
      [30, -20],
      [0.01, 0.02],
      [-3, 3],
    ]) {
      const [fine, exact] = [fast.score(x, 0.005), mixture.score(x, 0.005)];
      expect(Math.hypot(fine[0]! - exact[0]!, fine[1]! - exact[1]!)).toBeLessThan(
        1e-9 * Math.hypot(exact[0]!, exact[1]!),
      );
    }
  });
});

test("a single point is a Gaussian, and noise of 0 is refused", () => {
  const [point, gaussian] = [
    new BlurredPoints(GaussianMixture.points([0.5, -1], 2)),
    GaussianMixture.points([0.5, -1], 2),
  ];
  for (const sigma of [0.1, 5]) {
    expect(point.logpdf([1, 1], sigma)).toBeCloseTo(gaussian.logpdf([1, 1], sigma), 9);
    expect(point.score([1, 1], sigma)[0]).toBeCloseTo(gaussian.score([1, 1], sigma)[0]!, 9);
  }
  expect(() => point.score([1, 1], 0)).toThrow("expected sigma > 0, got 0");
});
