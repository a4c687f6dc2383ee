// The generator against its published vectors, the normals against their law, and streams against one another.
import { expect, test } from "bun:test";
import { permutation, type RandomStream, stream, threefry2x32 } from "../lib/random.ts";

// Random123 1.14, kat_vectors: threefry2x32 20.
test.each([
  { key: [0, 0], counter: [0, 0], expected: [0x6b200159, 0x99ba4efe] },
  {
    key: [0xffffffff, 0xffffffff],
    counter: [0xffffffff, 0xffffffff],
    expected: [0x1cb996fc, 0xbb002be7],
  },
  {
    key: [0x13198a2e, 0x03707344],
    counter: [0x243f6a88, 0x85a308d3],
    expected: [0xc4923a9c, 0x483df7a0],
  },
] as const)("threefry2x32 known answer %#", ({ key, counter, expected }) => {
  expect(threefry2x32(key, counter)).toEqual([...expected]);
});

const normals = (random: RandomStream, n: number): Float64Array =>
  Float64Array.from({ length: n }, () => random.normal());
const mean = (xs: ArrayLike<number>, f: (x: number, i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < xs.length; i++) sum += f(xs[i]!, i);
  return sum / xs.length;
};

// The words a stream's normals are made of, taken from the cipher, through the engine's own log, cos and sin.
test("normals are Box-Muller of the stream's words", () => {
  const words = stream(3, "law", 5);
  const random = stream(3, "law", 5);
  for (let i = 0; i < 20_000; i++) {
    const radius = Math.sqrt(-2 * Math.log((words.uint32() + 0.5) / 2 ** 32));
    const angle = ((words.uint32() - 2 ** 29) / 2 ** 32) * 2 * Math.PI;
    expect(Math.abs(random.normal() - radius * Math.cos(angle))).toBeLessThan(1e-12);
    expect(Math.abs(random.normal() - radius * Math.sin(angle))).toBeLessThan(1e-12);
  }
});

// Each statistic is off by more than 4.5 standard errors in 7 of a million seeds; the seed is fixed.
test("moments and tails of normals", () => {
  const n = 1_000_000;
  const z = normals(stream(11, "moments"), n);
  const errors = (estimate: number, truth: number, variance: number): number =>
    Math.abs(estimate - truth) / Math.sqrt(variance / n);
  const within = (threshold: number): number => mean(z, (x) => Number(Math.abs(x) < threshold));
  expect(
    errors(
      mean(z, (x) => x),
      0,
      1,
    ),
  ).toBeLessThan(4.5);
  expect(
    errors(
      mean(z, (x) => x ** 2),
      1,
      2,
    ),
  ).toBeLessThan(4.5);
  expect(
    errors(
      mean(z, (x) => x ** 3),
      0,
      15,
    ),
  ).toBeLessThan(4.5);
  expect(
    errors(
      mean(z, (x) => x ** 4),
      3,
      96,
    ),
  ).toBeLessThan(4.5);
  expect(errors(within(1), 0.6826894921, 0.2166)).toBeLessThan(4.5);
  expect(errors(within(3), 0.9973002039, 0.002693)).toBeLessThan(4.5);
  expect(
    errors(
      mean(z, (x, i) => (i > 0 ? x * z[i - 1]! : 0)),
      0,
      1,
    ),
  ).toBeLessThan(4.5);
});

test("streams of other seeds, purposes and indices are uncorrelated and differ everywhere", () => {
  const n = 100_000;
  const base = normals(stream(1, "noise", 0), n);
  const others = [
    stream(2, "noise", 0),
    stream(1, "data", 0),
    stream(1, "noise", 1),
    stream(1 + 2 ** 32, "noise", 0),
    stream(1, "noise", 2 ** 31),
  ];
  for (const other of others) {
    const values = normals(other, n);
    expect(Math.abs(mean(base, (x, i) => x * values[i]!)) * Math.sqrt(n)).toBeLessThan(4.5);
    expect(values.findIndex((x, i) => x === base[i])).toBe(-1);
  }
});

test("first numbers of consecutive indices are normal and independent", () => {
  const n = 50_000;
  const firsts = Float64Array.from({ length: n }, (_, index) => stream(1, "noise", index).normal());
  expect(Math.abs(mean(firsts, (x) => x)) * Math.sqrt(n)).toBeLessThan(4.5);
  expect(Math.abs(mean(firsts, (x) => x * x) - 1) * Math.sqrt(n / 2)).toBeLessThan(4.5);
  expect(Math.abs(mean(firsts, (x, i) => (i > 0 ? x * firsts[i - 1]! : 0))) * Math.sqrt(n)).toBeLessThan(4.5);
});

test("a fill gives what single calls give, whatever its bounds and whatever was drawn before", () => {
  const filled = stream(5, "fill");
  const single = stream(5, "fill");
  const out = new Float32Array(40).fill(-9);
  for (const [start, end] of [
    [0, 3],
    [3, 3],
    [3, 4],
    [4, 4],
    [4, 11],
    [11, 30],
  ] as const) {
    filled.fillNormal(out, start, end);
    expect(out.slice(start, end)).toEqual(Float32Array.from({ length: end - start }, () => single.normal()));
    expect(filled.uint32()).toBe(single.uint32());
  }
  expect(out[30]).toBe(-9);
  filled.fillUniform(out, 2, 9);
  expect(out.slice(2, 9)).toEqual(Float32Array.from({ length: 7 }, () => single.uniform()));
});

test("uniform stays in [0, 1) as float32 and fills 64 bins evenly", () => {
  const n = 640_000;
  const out = new Float32Array(n);
  stream(9, "uniform").fillUniform(out);
  const bins = new Float64Array(64);
  for (const u of out) bins[Math.floor(u * 64)]! += 1;
  const chiSquared = bins.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0);
  expect(Math.max(...bins) > 0 && out.every((u) => u >= 0 && u < 1)).toBe(true);
  // 63 degrees of freedom: above 120 in 2 of 100,000 seeds.
  expect(chiSquared).toBeLessThan(120);
});

test("integer covers its range evenly and refuses bad ranges", () => {
  const random = stream(4, "integer");
  const counts = new Float64Array(10);
  for (let i = 0; i < 100_000; i++) counts[random.integer(10)]! += 1;
  // 9 degrees of freedom: above 40 in 1 of 100,000 seeds.
  expect(counts.reduce((sum, count) => sum + (count - 1e4) ** 2 / 1e4, 0)).toBeLessThan(40);
  expect(random.integer(1)).toBe(0);
  for (const n of [0, -1, 1.5, 2 ** 33, Number.NaN])
    expect(() => random.integer(n)).toThrow("integer: expected n");
});

test("a permutation holds each number once, moves with its index, and is uniform", () => {
  expect(permutation(1, "epoch", 1000).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
  expect(permutation(1, "epoch", 1000, 3)).toEqual(permutation(1, "epoch", 1000, 3));
  expect(permutation(1, "epoch", 1000, 4)).not.toEqual(permutation(1, "epoch", 1000, 3));
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = permutation(2, "shuffle", 4, i).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  // 23 degrees of freedom: above 64 in 1 of 100,000 seeds.
  const chiSquared = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(counts.size).toBe(24);
  expect(chiSquared).toBeLessThan(64);
});

test("bad seeds and indices are refused", () => {
  for (const seed of [-1, 0.5, 2 ** 53, Number.NaN])
    expect(() => stream(seed, "x")).toThrow("stream: expected seed");
  for (const index of [-1, 0.5, 2 ** 32])
    expect(() => stream(1, "x", index)).toThrow("stream: expected index");
});

// Written down once, and equal in JavaScriptCore and V8: a change of what every seeded run depends on is noticed.
test("the numbers themselves", () => {
  const random = stream(42, "golden", 7);
  expect([random.uint32(), random.uint32(), random.uint32()]).toEqual([1209268678, 1197165204, 2208818663]);
  expect([random.normal(), random.normal()]).toEqual([0.0766523564198203, 0.9282811732592137]);
});
