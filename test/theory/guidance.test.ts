// Guidance with exact denoisers: the formula, its two fixed points, and the law that it pulls towards.
import { expect, test } from "bun:test";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";
import { guided } from "../../lib/theory/guidance.ts";
import { exactDenoiser } from "../../lib/theory/solvers/exact-denoiser.ts";

// Two classes of points, the first of two modes.
const near = { mean: [-1, 0.5], covariance: [0.3, 0.1, 0.1, 0.2] };
const far = { mean: [0.5, 2], covariance: 0.1 };
const other = { mean: [1.5, -0.5], covariance: [0.4, -0.1, -0.1, 0.3] };
const classOne = GaussianMixture.of([
  { weight: 0.6, ...near },
  { weight: 0.4, ...far },
]);
const everything = GaussianMixture.of([
  { weight: 0.3, ...near },
  { weight: 0.2, ...far },
  { weight: 0.5, ...other },
]);
const [told, untold] = [exactDenoiser(classOne), exactDenoiser(everything)];
const x = Float64Array.of(0.2, 0.7, -1.5, 1, 2, 2);
const sigmas = Float64Array.of(0.3, 1, 5);

test("1 is the conditional denoiser and 0 the unconditional one", async () => {
  const [one, zero] = await Promise.all([1, 0].map((strength) => guided(told, untold, strength)(x, sigmas)));
  const [conditional, unconditional] = [await told(x, sigmas), await untold(x, sigmas)];
  for (let at = 0; at < x.length; at++) expect(one![at]).toBeCloseTo(conditional[at]!, 14);
  expect(zero).toEqual(Float64Array.from(unconditional));
});

test("the strength extrapolates from the one through the other", async () => {
  const [at, from] = [await told(x, sigmas), await untold(x, sigmas)];
  const three = await guided(told, untold, 3)(x, sigmas);
  for (let i = 0; i < x.length; i++) expect(three[i]).toBeCloseTo(3 * at[i]! - 2 * from[i]!, 12);
});

// Bayes: log p(x|class) - log p(x) is log p(class|x) but for a constant (Ho & Salimans 2022, section 3.2).
test("its score is that of p(x) p(class | x)^strength, by differences", async () => {
  const strength = 2.5;
  const logp = (point: readonly number[], sigma: number) => {
    const all = everything.logpdf(point, sigma);
    return all + strength * (classOne.logpdf(point, sigma) - all);
  };
  const denoised = await guided(told, untold, strength)(x, sigmas);
  for (const [i, sigma] of sigmas.entries()) {
    const point = [x[2 * i]!, x[2 * i + 1]!];
    for (const d of [0, 1]) {
      const moved = (by: number) =>
        logp(
          point.map((value, axis) => value + (axis === d ? by : 0)),
          sigma,
        );
      const slope = (moved(1e-4) - moved(-1e-4)) / 2e-4;
      expect((denoised[2 * i + d]! - point[d]!) / sigma ** 2).toBeCloseTo(slope, 6);
    }
  }
});
