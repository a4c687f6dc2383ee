// Draws of noise levels: the ladder's to the bit, the others by their distribution functions.
import { expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import { geometricSigmas } from "../../lib/theory/noise-ladder.ts";
import { normalCdf } from "../../lib/theory/normal-distribution.ts";
import {
  openSchedule,
  type ScheduleName,
  type ScheduleRecord,
  schedules,
} from "../../lib/theory/schedules/index.ts";
import { type SigmaDistribution, sigmaDraw } from "../../lib/theory/sigma-distribution.ts";

const N = 20_000;

const of = (record: ScheduleRecord, sigmas: readonly number[] = []) => ({
  sigmas,
  schedule: openSchedule(record),
});

function draws(distribution: SigmaDistribution, record: ScheduleRecord = { name: "edm" }): number[] {
  const random = stream(7, "sigma");
  const draw = sigmaDraw(distribution, of(record));
  return Array.from({ length: N }, () => draw(random));
}

test("a ladder's levels are drawn as ever, to the bit", () => {
  const sigmas = geometricSigmas(20, 0.02, 37);
  const [random, same] = [stream(3, "sigma", 5), stream(3, "sigma", 5)];
  const draw = sigmaDraw({ kind: "ladder" }, of({ name: "edm" }, sigmas));
  for (let i = 0; i < 500; i++) expect(draw(random)).toBe(sigmas[same.integer(sigmas.length)]!);
  expect(random.uint32()).toBe(same.uint32());
});

/** Kolmogorov and Smirnov: sqrt(N) times the largest distance exceeds 1.95 once in a thousand. */
function expectUniform(values: readonly number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const distance = Math.max(...sorted.map((u, i) => Math.max(u - i / N, (i + 1) / N - u)));
  expect(Math.sqrt(N) * distance).toBeLessThan(1.95);
}

test("log-normal: ln sigma is normal", () => {
  const sigmas = draws({ kind: "log-normal", mean: -1.2, std: 1.2 });
  expectUniform(sigmas.map((sigma) => normalCdf((Math.log(sigma) + 1.2) / 1.2)));
});

// In rectified flow sigma / alpha is t / (1 - t), the exponential of t's logit (Esser et al. 2024, Eq. 19).
test("log-normal: under rectified flow, times are logit-normal", () => {
  const { timeOf } = openSchedule({ name: "flow" });
  const times = draws({ kind: "log-normal", mean: 0.3, std: 0.8 }, { name: "flow" }).map(timeOf);
  expectUniform(times.map((t) => normalCdf((Math.log(t / (1 - t)) - 0.3) / 0.8)));
});

const continuous = (Object.keys(schedules) as ScheduleName[]).filter(
  (name) => !openSchedule({ name }).discrete,
);

test.each(continuous)("%s: times are uniform", (name) => {
  const { timeOf, tMin, tMax } = openSchedule({ name });
  const sigmas = draws({ kind: "schedule" }, { name });
  expectUniform(sigmas.map((sigma) => (timeOf(sigma) - tMin) / (tMax - tMin)));
});

// 19 degrees of freedom: chi² exceeds 43.8 once in a thousand.
test("a chain's times 1..T come equally often", () => {
  const { timeOf } = openSchedule({ name: "cosine", steps: 20 });
  const counts = new Array<number>(20).fill(0);
  for (const sigma of draws({ kind: "schedule" }, { name: "cosine", steps: 20 })) {
    const t = timeOf(sigma);
    expect(Math.abs(t - Math.round(t))).toBeLessThan(1e-8);
    counts[Math.round(t) - 1]!++;
  }
  const expected = N / 20;
  expect(counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0)).toBeLessThan(43.8);
});
