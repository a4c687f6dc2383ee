// Gaussian mixtures against direct formulas, differences, brute force and the moments of their draws.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../lib/errors.ts";
import { stream } from "../../lib/random.ts";
import { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function randomNumbers(n: number, seed: number, scale = 1): number[] {
  const random = stream(seed, "test mixture");
  return range(n).map(() => scale * random.normal());
}

/** B B^T + 0.05 I of a random B: symmetric, positive definite, with no zero in it. */
function randomCovariance(dimensions: number, seed: number): number[] {
  const b = randomNumbers(dimensions ** 2, seed, 0.7);
  return range(dimensions ** 2).map((i) => {
    const [row, column] = [Math.floor(i / dimensions), i % dimensions];
    const dot = range(dimensions).reduce(
      (sum, k) => sum + b[row * dimensions + k]! * b[column * dimensions + k]!,
      0,
    );
    return dot + (row === column ? 0.05 : 0);
  });
}

interface Law {
  readonly dimensions: number;
  readonly components: { weight: number; mean: number[]; covariance: number[] }[];
}

function randomLaw(dimensions: number): Law {
  const components = [0.5, 0.3, 0.2].map((weight, k) => ({
    weight,
    mean: randomNumbers(dimensions, 10 * dimensions + k, 1.5),
    covariance: randomCovariance(dimensions, 100 * dimensions + k),
  }));
  return { dimensions, components };
}

// Solves A y = b by Gaussian elimination and multiplies the pivots: an independent route to S^-1 and det S.
function solve(
  matrix: readonly number[],
  right: readonly number[],
): { solution: number[]; determinant: number } {
  const n = right.length;
  const rows = range(n).map((i) => [...matrix.slice(i * n, (i + 1) * n), right[i]!]);
  let determinant = 1;
  for (const p of range(n)) {
    const best = range(n - p).reduce(
      (a, i) => (Math.abs(rows[p + i]![p]!) > Math.abs(rows[a]![p]!) ? p + i : a),
      p,
    );
    if (best !== p) {
      [rows[p], rows[best]] = [rows[best]!, rows[p]!];
      determinant = -determinant;
    }
    determinant *= rows[p]![p]!;
    for (const i of range(n)) {
      if (i === p) continue;
      const factor = rows[i]![p]! / rows[p]![p]!;
      rows[i] = rows[i]!.map((value, j) => value - factor * rows[p]![j]!);
    }
  }
  return { solution: rows.map((row, i) => row[n]! / row[i]!), determinant };
}

function directPdf({ dimensions, components }: Law, x: readonly number[], sigma: number): number {
  const densities = components.map(({ weight, mean, covariance }) => {
    const blurred = covariance.map((c, i) => (i % (dimensions + 1) === 0 ? c + sigma ** 2 : c));
    const difference = x.map((value, d) => value - mean[d]!);
    const { solution, determinant } = solve(blurred, difference);
    const square = difference.reduce((sum, value, d) => sum + value * solution[d]!, 0);
    return (weight * Math.exp(-square / 2)) / Math.sqrt((2 * Math.PI) ** dimensions * determinant);
  });
  return densities.reduce((a, b) => a + b);
}

/** Fourth-order central differences of a function of a point. */
function gradient(f: (x: number[]) => number, x: readonly number[], step: number): number[] {
  const along = (d: number, by: number) => f(x.map((value, i) => (i === d ? value + by : value)));
  return x.map(
    (_, d) =>
      (8 * (along(d, step) - along(d, -step)) - (along(d, 2 * step) - along(d, -2 * step))) / (12 * step),
  );
}

function expectClose(got: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  const scale = Math.max(1, ...Array.from(wanted, Math.abs));
  for (const i of range(wanted.length))
    expect(Math.abs(got[i]! - wanted[i]!)).toBeLessThan(tolerance * scale);
}

describe.each([1, 2, 3, 6])("three full Gaussians in %d dimensions", (dimensions) => {
  const law = randomLaw(dimensions);
  const mixture = GaussianMixture.of(law.components);
  const points = range(20).map((i) => randomNumbers(dimensions, 500 + i, 2));

  test.each([0, 0.1, 1, 7])("logpdf and score at sigma %d", (sigma) => {
    for (const x of points) {
      const wanted = Math.log(directPdf(law, x, sigma));
      expect(Math.abs(mixture.logpdf(x, sigma) - wanted)).toBeLessThan(1e-9 * Math.max(1, Math.abs(wanted)));
      expectClose(
        mixture.score(x, sigma),
        gradient((y) => mixture.logpdf(y, sigma), x, 1e-3),
        1e-6,
      );
    }
  });

  test("sigma adds sigma² to the diagonal of every covariance, whatever sigma was asked before", () => {
    const sigma = 0.8;
    const wider = GaussianMixture.of(
      law.components.map((component) => ({
        ...component,
        covariance: component.covariance.map((c, i) => (i % (dimensions + 1) === 0 ? c + sigma ** 2 : c)),
      })),
    );
    for (const x of points) {
      mixture.logpdf(x, 3);
      expect(mixture.logpdf(x, sigma)).toBeCloseTo(wider.logpdf(x), 10);
      expectClose(mixture.responsibilities(x, sigma), wider.responsibilities(x), 1e-10);
    }
  });

  test("axes and variances are the covariances", () => {
    const { axes, variances, count } = mixture;
    for (const k of range(count)) {
      const rebuilt = range(dimensions ** 2).map((i) => {
        const axis = (d: number, e: number) =>
          axes?.[(k * dimensions + d) * dimensions + e] ?? (d === e ? 1 : 0);
        const [row, column] = [Math.floor(i / dimensions), i % dimensions];
        return range(dimensions).reduce(
          (sum, e) => sum + axis(row, e) * axis(column, e) * variances[k * dimensions + e]!,
          0,
        );
      });
      expectClose(rebuilt, law.components[k]!.covariance, 1e-12);
    }
  });

  // Each mean and each element of the covariance within 5 standard errors: false alarm below 2e-5 for all together.
  test.each([0, 0.5])("20000 draws at sigma %d have the mixture's mean and covariance", (sigma) => {
    const count = 20000;
    const random = stream(5, "draws", dimensions);
    const draws = range(count).map(() => mixture.sample(random, sigma));
    const mean = range(dimensions).map((d) =>
      law.components.reduce((sum, { weight, mean: m }) => sum + weight * m[d]!, 0),
    );
    const check = (wanted: number, f: (x: Float64Array) => number) => {
      const values = draws.map(f);
      const average = values.reduce((a, b) => a + b) / count;
      const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / count;
      expect(Math.abs(average - wanted)).toBeLessThan(5 * Math.sqrt(variance / count));
    };
    for (const d of range(dimensions)) {
      check(mean[d]!, (x) => x[d]!);
      for (const e of range(d + 1))
        check(
          law.components.reduce(
            (sum, { weight, mean: m, covariance }) =>
              sum + weight * (covariance[d * dimensions + e]! + (m[d]! - mean[d]!) * (m[e]! - mean[e]!)),
            d === e ? sigma ** 2 : 0,
          ),
          (x) => (x[d]! - mean[d]!) * (x[e]! - mean[e]!),
        );
    }
  });
});

test("a Gaussian's score is -S^-1 (x - m), with the expected squared norm tr S^-1", () => {
  const covariance = [2, 0.6, 0.6, 0.5];
  const mixture = GaussianMixture.gaussian([1, -1], covariance);
  const { solution } = solve(covariance, [1 - 3, -1 - 0.5]);
  expectClose(mixture.score([3, 0.5]), solution, 1e-13);
  const trace = mixture.variances.reduce((sum, v) => sum + 1 / v, 0);
  expect(trace).toBeCloseTo(2.5 / (2 * 0.5 - 0.36), 12);
});

describe("the two modes of Song & Ermon 2019", () => {
  const mixture = GaussianMixture.of([
    { weight: 4, mean: [5, 5], covariance: 1 },
    { weight: 1, mean: [-5, -5], covariance: 1 },
  ]);

  test("weights are normalised, and known from the modes that draws fall into (4 standard errors, false alarm 6e-5)", () => {
    expectClose(mixture.weights, [0.8, 0.2], 1e-15);
    const count = 20000;
    const random = stream(1, "modes");
    const high = range(count).filter(() => mixture.responsibilities(mixture.sample(random))[0]! > 0.5).length;
    expect(Math.abs(high / count - 0.8)).toBeLessThan(4 * Math.sqrt(0.16 / count));
  });

  test("between the modes the responsibilities are the ratio of the densities", () => {
    const [a, b] = mixture.responsibilities([0, 0]);
    expect([a, b]).toEqual([expect.closeTo(0.8, 14), expect.closeTo(0.2, 14)]);
    // The log odds fall by 10 per unit of either coordinate.
    const [c, d] = mixture.responsibilities([-0.1, -0.1]);
    expect(Math.log(c! / d!)).toBeCloseTo(Math.log(4) - 2, 12);
  });

  test("far away the nearest mode rules, without underflow", () => {
    expectClose(mixture.score([-1e5, -1e5]), [1e5 - 5, 1e5 - 5], 1e-12);
    expect(mixture.logpdf([1e5, 5])).toBeCloseTo(Math.log(0.8 / (2 * Math.PI)) - (1e5 - 5) ** 2 / 2, 3);
    expectClose(mixture.responsibilities([1e5, 1e5]), [1, 0], 1e-15);
  });
});

describe("points", () => {
  const cloud = Float32Array.from(randomNumbers(2 * 300, 9));
  const mixture = GaussianMixture.points(cloud, 2);

  // Tweedie's formula: E[point | x] = x + sigma² score (Efron 2011).
  test.each([0.02, 0.3, 2, 50])(
    "x + sigma² score is the posterior mean of the points at sigma %d",
    (sigma) => {
      for (const i of range(20)) {
        const x = randomNumbers(2, 700 + i, 1.5);
        const squares = range(300).map(
          (k) => (x[0]! - cloud[2 * k]!) ** 2 + (x[1]! - cloud[2 * k + 1]!) ** 2,
        );
        const least = Math.min(...squares);
        const shares = squares.map((square) => Math.exp((least - square) / (2 * sigma ** 2)));
        const sum = shares.reduce((a, b) => a + b);
        const mean = [0, 1].map(
          (d) => shares.reduce((m, share, k) => m + share * cloud[2 * k + d]!, 0) / sum,
        );
        const denoised = Array.from(mixture.score(x, sigma), (s, d) => x[d]! + sigma ** 2 * s);
        // The score is (mean - x) / sigma², so its rounding grows by sigma² again.
        expectClose(denoised, mean, 1e-11);
        expectClose(
          mixture.responsibilities(x, sigma),
          shares.map((share) => share / sum),
          1e-9,
        );
      }
    },
  );

  test("they have no density, no score and no responsibilities before they are blurred, and have them after", () => {
    for (const method of ["logpdf", "score", "responsibilities"] as const) {
      expect(() => mixture[method]([0, 0])).toThrow("points have no density until they are blurred");
      const blurred = mixture[method]([0, 0], 0.1);
      const numbers = typeof blurred === "number" ? [blurred] : Array.from(blurred);
      expect(numbers.every(Number.isFinite)).toBe(true);
      expect(() => mixture[method]([0, 0], 0)).toThrow("points have no density");
    }
  });

  test("draws at sigma 0 are the points themselves, all about as often", () => {
    const few = GaussianMixture.points([1, 2, 3, 4, 5], 1);
    const random = stream(3, "points");
    const counts = new Map<number, number>();
    for (const _ of range(5000)) {
      const [x] = few.sample(random);
      counts.set(x!, (counts.get(x!) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([1, 2, 3, 4, 5]);
    // 5 standard deviations of a binomial count, false alarm 3e-6.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(800));
  });
});

test("a degenerate Gaussian is known as one: no density until it is blurred", () => {
  const line = GaussianMixture.gaussian([0, 0, 0], [1, 2, 3, 2, 4, 6, 3, 6, 9]);
  expect([...line.variances].sort((a, b) => a - b)).toEqual([0, 0, expect.closeTo(14, 12)]);
  expect(() => line.score([0, 0, 0])).toThrow("no density");
  expectClose(line.score([3, -1.5, 0], 0.5), [-12, 6, 0], 1e-12);
});

test("a diagonal covariance needs no axes of its own, a weight of 0 no place", () => {
  const mixture = GaussianMixture.of([
    { weight: 1, mean: [0, 0], covariance: [4, 0, 0, 9] },
    { weight: 0, mean: [9, 9], covariance: 1 },
  ]);
  expect(mixture.axes).toBeUndefined();
  expect([...mixture.variances]).toEqual([4, 9, 1, 1]);
  expectClose(mixture.score([9, 9]), [-9 / 4, -1], 1e-14);
  expect([...mixture.responsibilities([9, 9])]).toEqual([1, 0]);
});

test.each([
  [
    "asymmetric",
    [1, 0.5, 0.4, 1],
    /expected a symmetric covariance, got 0.5 in row 0, column 1 and 0.4 across/,
  ],
  ["indefinite", [1, 2, 2, 1], /without negative eigenvalues, got one of -1.00/],
  ["too small", [1, 0, 1], /2x2 finite numbers, got 3$/],
  ["not finite", [1, 0, 0, Number.NaN], /2x2 finite numbers, got 4 that are not all finite/],
])("an %s covariance is refused", (_, covariance, text) => {
  expect(() => GaussianMixture.gaussian([0, 0], covariance)).toThrow(UserError);
  expect(() => GaussianMixture.gaussian([0, 0], covariance)).toThrow(text);
});

test.each([
  ["no component", () => GaussianMixture.of([])],
  ["a negative weight", () => GaussianMixture.of([{ weight: -1, mean: [0], covariance: 1 }])],
  ["a negative variance", () => GaussianMixture.of([{ weight: 1, mean: [0], covariance: -1 }])],
  ["an infinite mean", () => GaussianMixture.gaussian([Number.POSITIVE_INFINITY], [1])],
  ["half a point", () => GaussianMixture.points([1, 2, 3], 2)],
  ["no point", () => GaussianMixture.points([], 2)],
  ["a point that is no number", () => GaussianMixture.points([1, Number.NaN], 2)],
  [
    "means of different lengths",
    () =>
      GaussianMixture.of([
        { weight: 1, mean: [0], covariance: 1 },
        { weight: 1, mean: [0, 1], covariance: 1 },
      ]),
  ],
])("%s is refused", (_, make) => {
  expect(make).toThrow(UserError);
});

test("a point of another size and an impossible sigma are refused", () => {
  const mixture = GaussianMixture.gaussian([0, 0], [1, 0, 0, 1]);
  expect(() => mixture.score([1])).toThrow("expected a point of 2 coordinates, got 1");
  for (const sigma of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => mixture.logpdf([0, 0], sigma)).toThrow("expected sigma >= 0");
    expect(() => mixture.sample(stream(0, "x"), sigma)).toThrow("expected sigma >= 0");
  }
});

test("the parts of a mixture add up to it, each with its share", () => {
  const mixture = GaussianMixture.of([
    { weight: 1, mean: [0, 1], covariance: [1, 0.3, 0.3, 0.5] },
    { weight: 2, mean: [2, -1], covariance: 0.2 },
    { weight: 5, mean: [-1, 0], covariance: [0.4, -0.1, -0.1, 0.3] },
  ]);
  const [ends, middle] = [mixture.restricted((k) => k !== 1), mixture.restricted((k) => k === 1)];
  for (const x of [
    [0.5, 0],
    [2, -1],
    [-1.5, 2],
  ]) {
    const sum = (6 / 8) * Math.exp(ends.logpdf(x, 0.3)) + (2 / 8) * Math.exp(middle.logpdf(x, 0.3));
    expect(sum / Math.exp(mixture.logpdf(x, 0.3))).toBeCloseTo(1, 12);
  }
  expect(() => mixture.restricted(() => false)).toThrow("weights >= 0 that are not all 0");
});
