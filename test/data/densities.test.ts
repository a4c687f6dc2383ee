// Every built-in density: its samples, its law and their agreement.
import { describe, expect, test } from "bun:test";
import type { Dataset } from "../../lib/data/dataset.ts";
import { densities, openGaussian } from "../../lib/data/densities/index.ts";
import { openDataset } from "../../lib/data/open.ts";
import { UserError } from "../../lib/errors.ts";
import type { GaussianMixture } from "../../lib/theory/gaussian-mixture.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const dimensionsOf = ({ shape }: Dataset): number => shape[0]!;

async function read(dataset: Dataset, indices: readonly number[]): Promise<number[][]> {
  const size = dimensionsOf(dataset);
  const samples = new Float32Array(indices.length * size);
  await dataset.read(indices, samples);
  return indices.map((_, n) => [...samples.subarray(n * size, (n + 1) * size)]);
}

const lawOf = (dataset: Dataset): GaussianMixture => dataset.density!.mixture;
const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** E x_d and Var x_d of a mixture. */
function momentsOf({ weights, means, variances, axes, dimensions }: GaussianMixture, d: number) {
  const mean = weights.reduce((sum, w, k) => sum + w * means[k * dimensions + d]!, 0);
  const within = (k: number) =>
    range(dimensions).reduce((sum, e) => {
      const axis = axes?.[(k * dimensions + d) * dimensions + e] ?? (d === e ? 1 : 0);
      return sum + axis ** 2 * variances[k * dimensions + e]!;
    }, 0);
  const variance = weights.reduce(
    (sum, w, k) => sum + w * (within(k) + (means[k * dimensions + d]! - mean) ** 2),
    0,
  );
  return { mean, variance };
}

const cases: [string, (seed: number) => Dataset][] = [
  ...Object.entries(densities).map(([name, { make }]): [string, typeof make] => [name, make]),
  ["gaussian:1", (seed) => openGaussian("gaussian:1", seed)!],
  ["gaussian:5", (seed) => openGaussian("gaussian:5", seed)!],
];

describe.each(cases)("%s", (name, make) => {
  const sigma = 0.3;

  test("--data opens it under its name, with its law", async () => {
    const dataset = await openDataset(name, { seed: 3 });
    expect([dataset.name, dataset.classes]).toEqual([name, 0]);
    expect(dataset.shape).toEqual([lawOf(dataset).dimensions]);
    expect(await read(dataset, [5])).toEqual(await read(make(3), [5]));
  });

  test("a sample is equal to the bit alone, in any batch and at any place; another seed gives others", async () => {
    const batch = await read(make(3), range(50));
    const backwards = await read(make(3), range(50).reverse());
    for (const n of range(50)) expect(backwards[49 - n]).toEqual(batch[n]!);
    expect((await read(make(3), [17]))[0]).toEqual(batch[17]!);
    expect((await read(make(4), [17]))[0]).not.toEqual(batch[17]!);
    expect(batch[0]).not.toEqual(batch[1]!);
  });

  test("samples have the mean and the variances of the law (5 standard errors; false alarm below 2e-5 for all)", async () => {
    const dataset = make(7);
    const samples = await read(dataset, range(4096));
    for (const d of range(dimensionsOf(dataset))) {
      const { mean, variance } = momentsOf(lawOf(dataset), d);
      const values = samples.map((x) => x[d]!);
      const squares = values.map((x) => (x - mean) ** 2);
      expect(Math.abs(average(values) - mean)).toBeLessThan(5 * Math.sqrt(variance / 4096));
      const spread = Math.sqrt(average(squares.map((x) => (x - variance) ** 2)));
      expect(Math.abs(average(squares) - variance)).toBeLessThan((5 * spread) / 64);
    }
  });

  test("its spread is about unit, except two-gaussians", () => {
    for (const d of range(dimensionsOf(make(0)))) {
      const { mean, variance } = momentsOf(lawOf(make(0)), d);
      const scale = name === "two-gaussians" ? Math.sqrt(17) : 1;
      expect(Math.sqrt(variance) / scale).toBeGreaterThan(0.65);
      expect(Math.sqrt(variance) / scale).toBeLessThan(1.25);
      expect(Math.abs(mean)).toBeLessThan(name === "two-gaussians" ? 3.01 : 0.4);
    }
  });

  test("the score is the gradient of logpdf where blurred samples lie", async () => {
    const dataset = make(1);
    const law = lawOf(dataset);
    for (const x of await read(dataset, range(10))) {
      const y = x.map((value, d) => value + 0.2 * (d + 1));
      const score = law.score(y, sigma);
      const h = 1e-3;
      y.forEach((_, d) => {
        const at = (by: number) =>
          law.logpdf(
            y.map((value, i) => (i === d ? value + by : value)),
            sigma,
          );
        const difference = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
        expect(Math.abs(score[d]! - difference)).toBeLessThan(1e-6 * Math.max(1, Math.abs(difference)));
      });
    }
  });

  // The trapezoidal rule is exact to exp(-2 pi² sigma²/h²) < 1e-15 for what is blurred by sigma.
  test("blurred, it integrates to 1", () => {
    const law = lawOf(make(2));
    if (law.dimensions > 2) return;
    const reach =
      law.means.reduce((a, b) => Math.max(a, Math.abs(b)), 0) +
      6 * Math.sqrt(sigma ** 2 + law.variances.reduce((a, b) => Math.max(a, b)));
    const h = 0.2;
    const count = Math.ceil((2 * reach) / h) + 1;
    let sum = 0;
    for (let cell = 0; cell < count ** law.dimensions; cell++) {
      const x = [cell % count, Math.floor(cell / count)].slice(0, law.dimensions).map((i) => i * h - reach);
      sum += Math.exp(law.logpdf(x, sigma)) * h ** law.dimensions;
    }
    expect(Math.abs(sum - 1)).toBeLessThan(1e-7);
  });
});

describe.each(Object.entries(densities))("the entry %s", (name, { form, summary, make }) => {
  test("says of its form what its data are", async () => {
    const dataset = make(0);
    expect(dataset.density!.form).toBe(form);
    expect(summary.includes("mixture over exactly these")).toBe(form === "empirical");
    if (form === "exact") {
      expect(dataset.size).toBe(Number.POSITIVE_INFINITY);
      expect(Number.isFinite(lawOf(dataset).logpdf((await read(dataset, [2 ** 31]))[0]!))).toBe(true);
      return;
    }
    expect(dataset.size).toBe(4096);
    const points = await read(dataset, range(4096));
    expect(points.flat()).toEqual([...lawOf(dataset).means]);
    expect(lawOf(dataset).variances.every((v) => v === 0)).toBe(true);
    await expect(dataset.read([4096], new Float32Array(2))).rejects.toThrow(`${name}: expected an index in`);
  });
});

const pointsOf = (name: string) => read(densities[name]!.make(11), range(4096));
const radius = ([x, y]: number[]) => Math.hypot(x!, y!);

describe("shapes", () => {
  test("circle: every point lies on it to float32, and all around", async () => {
    const points = await pointsOf("circle");
    for (const point of points) expect(Math.abs(radius(point) - Math.SQRT2)).toBeLessThan(2e-7);
    const eighths = Map.groupBy(points, ([x, y]) => Math.floor((Math.atan2(y!, x!) / Math.PI + 1) * 4));
    // 512 expected of each; 5 standard deviations, false alarm 5e-6.
    for (const k of range(8)) expect(Math.abs(eighths.get(k)!.length - 512)).toBeLessThan(5 * Math.sqrt(448));
  });

  test("rings: radii .6, 1.2 and 1.8, as many points as they are long", async () => {
    const points = await pointsOf("rings");
    const rings = Map.groupBy(points, (point) => Math.round(radius(point) / 0.6));
    expect([...rings.keys()].sort()).toEqual([1, 2, 3]);
    for (const [ring, members] of rings) {
      // 5 standard errors of a count and of a mean, false alarm 4e-6.
      const p = ring / 6;
      expect(Math.abs(members.length / 4096 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 4096));
      expect(Math.abs(average(members.map(radius)) - 0.6 * ring)).toBeLessThan(
        0.25 / Math.sqrt(members.length),
      );
    }
  });

  test("checkerboard: eight squares that touch at corners only, equally full", async () => {
    const points = await pointsOf("checkerboard");
    const cells = Map.groupBy(points, (point) => point.map((x) => Math.floor(x / 0.85)).join());
    const dark = ["-2,-2", "-2,0", "-1,-1", "-1,1", "0,-2", "0,0", "1,-1", "1,1"];
    expect(new Set(cells.keys())).toEqual(new Set(dark));
    for (const members of cells.values())
      expect(Math.abs(members.length - 512)).toBeLessThan(5 * Math.sqrt(448));
  });

  test("swiss-roll: the distance from the centre grows with the angle", async () => {
    // On the spiral r = .15 angle, so r / .15 and the angle differ by whole turns but for the noise across it.
    const misses = (await pointsOf("swiss-roll")).map((point) => {
      const turns = (radius(point) / 0.15 - Math.atan2(point[1]!, point[0]!)) / (2 * Math.PI);
      return Math.abs(turns - Math.round(turns)) * 2 * Math.PI * 0.15;
    });
    expect(Math.max(...misses)).toBeLessThan(0.3);
    expect(average(misses)).toBeCloseTo(0.05 * Math.sqrt(2 / Math.PI), 2);
  });

  test("two-moons: half a turn about the origin carries one moon to the other", async () => {
    const points = await pointsOf("two-moons");
    const distance = (sign: number) => (point: number[]) => {
      const [x, y] = [sign * point[0]! + 0.675, sign * point[1]! + 0.3375];
      return y > -0.3 ? Math.abs(Math.hypot(x, y) - 1.35) : 9;
    };
    const upper = points.filter((point) => distance(1)(point) < distance(-1)(point));
    expect(Math.abs(upper.length - 2048)).toBeLessThan(5 * 32);
    for (const point of points) expect(Math.min(distance(1)(point), distance(-1)(point))).toBeLessThan(0.45);
  });

  test("pinwheel: a fifth of a turn leaves it as it is, a tenth does not", async () => {
    // The fifth harmonic of the angle, unbent, is large; the others up to the ninth vanish.
    const unbent = (await pointsOf("pinwheel")).map(
      ([x, y]) => Math.atan2(y!, x!) - 0.25 * Math.exp(Math.hypot(x!, y!) / 1.35),
    );
    const harmonic = (n: number) =>
      Math.hypot(average(unbent.map((a) => Math.cos(n * a))), average(unbent.map((a) => Math.sin(n * a))));
    expect(harmonic(5)).toBeGreaterThan(0.7);
    // |mean of 4096 unit vectors| exceeds 5/64 with probability exp(-25).
    for (const n of [1, 2, 3, 4, 6, 7, 8, 9]) expect(harmonic(n)).toBeLessThan(5 / 64);
  });
});

test("two-gaussians are those of the paper", () => {
  const law = lawOf(densities["two-gaussians"]!.make(0));
  expect([...law.weights]).toEqual([0.8, 0.2]);
  expect([...law.means, ...law.variances]).toEqual([5, 5, -5, -5, 1, 1, 1, 1]);
});

test("gaussian in D dimensions has tr S^-1 = (2 + (D - 2)(1 + r²)) / (1 - r²) with r = .6", () => {
  for (const dimensions of [2, 5, 20]) {
    const { variances } = lawOf(openGaussian(`gaussian:${dimensions}`, 0)!);
    const trace = variances.reduce((sum, v) => sum + 1 / v, 0);
    expect(trace).toBeCloseTo((2 + (dimensions - 2) * 1.36) / 0.64, 10);
  }
});

test.each(["gaussian:0", "gaussian:", "gaussian:x", "gaussian:2.5", "gaussian:129", "gaussian:2:3"])(
  "%s is refused",
  async (spec) => {
    const error = await openDataset(spec).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain("gaussian:D with D in 1..128");
  },
);

test("options of image folders are refused with the shape of the points", async () => {
  await expect(openDataset("rings", { channels: 3 })).rejects.toThrow(
    /samples are points of 2 coordinates already, so channels cannot/,
  );
});
