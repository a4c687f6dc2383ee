// The built-in sets: determinism, independence of batch-mates, labels and variety.

import { describe, expect, test } from "bun:test";
import type { ImageDataset as Dataset } from "../../lib/data/dataset.ts";
import { digits } from "../../lib/data/digits.ts";
import { shapes } from "../../lib/data/shapes.ts";

const builtins = { digits, shapes };

const volume = ({ shape: [c, h, w] }: Dataset): number => c * h * w;

async function read(dataset: Dataset, indices: readonly number[]) {
  const images = new Float32Array(indices.length * volume(dataset));
  const labels = new Int32Array(indices.length);
  await dataset.read(indices, images, labels);
  return {
    images,
    labels,
    image: (n: number) => images.slice(n * volume(dataset), (n + 1) * volume(dataset)),
  };
}

const range = (n: number, first = 0): number[] => Array.from({ length: n }, (_, i) => first + i);

function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}

describe.each(Object.entries(builtins))("%s", (_, make) => {
  test("an image is equal to the bit alone, in any batch, at any place and beyond one sheet", async () => {
    const batch = await read(make(3), range(300));
    const backwards = await read(make(3), range(300).reverse());
    for (const n of [0, 1, 17, 100, 255, 256, 299]) {
      const alone = await read(make(3), [n]);
      expect(alone.image(0)).toEqual(batch.image(n));
      expect(backwards.image(299 - n)).toEqual(batch.image(n));
      expect(backwards.labels[299 - n]).toBe(batch.labels[n]!);
    }
  });

  test("another seed gives other images", async () => {
    const [a, b] = [await read(make(0), range(16)), await read(make(1), range(16))];
    for (const n of range(16)) expect(squaredDistance(a.image(n), b.image(n))).toBeGreaterThan(1);
  });

  test("values lie in [-1,1] and use most of it", async () => {
    const { images } = await read(make(0), range(64));
    const low = images.reduce((a, b) => Math.min(a, b), 9);
    const high = images.reduce((a, b) => Math.max(a, b), -9);
    expect(low).toBeGreaterThanOrEqual(-1);
    expect(low).toBeLessThan(-0.8);
    expect(high).toBeLessThanOrEqual(1);
    expect(high).toBeGreaterThan(0.9);
  });

  test("labels are uniform (chi-square, false alarm 1e-4 per set)", async () => {
    const dataset = make(11);
    const count = 2000;
    const { labels } = await read(dataset, range(count, 5000));
    const expected = count / dataset.classes;
    const observed = range(dataset.classes).map((label) => labels.filter((l) => l === label).length);
    const chiSquare = observed.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    // Upper 1e-4 points of chi-square with 9 and 5 degrees of freedom.
    expect(chiSquare).toBeLessThan({ 10: 33.72, 6: 25.74 }[dataset.classes]!);
  });

  test("the ink stays clear of the border, so that nothing is cut and nothing reaches a neighbour", async () => {
    const dataset = make(2);
    const [channels, height, width] = dataset.shape;
    const { image } = await read(dataset, range(200));
    if (channels > 1) return;
    for (const n of range(200))
      image(n).forEach((value, p) => {
        const [y, x] = [Math.floor(p / width), p % width];
        if (y === 0 || x === 0 || y === height - 1 || x === width - 1) expect(value).toBe(-1);
      });
  });
});

describe("digits", () => {
  test("classes differ from each other and vary within themselves", async () => {
    const dataset = builtins.digits!(4);
    const { labels, image } = await read(dataset, range(500));
    const members = range(10).map((label) => range(500).filter((n) => labels[n] === label));
    const means = members.map((ns) => {
      const sum = new Float64Array(784);
      for (const n of ns)
        image(n).forEach((value, p) => {
          sum[p]! += value / ns.length;
        });
      return sum;
    });
    for (const a of range(10))
      for (const b of range(a)) expect(squaredDistance(means[a]!, means[b]!)).toBeGreaterThan(10);
    members.forEach((ns, label) => {
      const spread = ns.reduce((sum, n) => sum + squaredDistance(image(n), means[label]!), 0) / ns.length;
      expect(spread).toBeGreaterThan(30);
    });
  });

  test("the nearest class mean names most digits, so the labels are those of the pictures", async () => {
    const dataset = builtins.digits!(4);
    const train = await read(dataset, range(1000));
    const means = range(10).map(() => new Float64Array(784));
    const counts = range(10).map((label) => train.labels.filter((l) => l === label).length);
    for (const n of range(1000))
      train.image(n).forEach((value, p) => {
        means[train.labels[n]!]![p]! += value / counts[train.labels[n]!]!;
      });
    const held = await read(dataset, range(300, 1000));
    const right = range(300).filter((n) => {
      const distances = means.map((mean) => squaredDistance(held.image(n), mean));
      return distances.indexOf(Math.min(...distances)) === held.labels[n];
    });
    expect(right.length).toBeGreaterThan(180);
  });

  test("ink covers about as much as in handwriting: a tenth to a fifth of the picture", async () => {
    const { images } = await read(builtins.digits!(0), range(200));
    const mean = images.reduce((a, b) => a + (b + 1) / 2, 0) / images.length;
    expect(mean).toBeGreaterThan(0.1);
    expect(mean).toBeLessThan(0.2);
  });
});
