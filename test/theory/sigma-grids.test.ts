// Sigma grids against EDM's printed values and against what each is even in.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../lib/errors.ts";
import { geometricSigmas } from "../../lib/theory/noise-ladder.ts";
import { openSchedule, type ScheduleName, schedules } from "../../lib/theory/schedules/index.ts";
import { rangeOf, type SigmaGridName, sigmaGrids } from "../../lib/theory/sigma-grids.ts";

const edm = openSchedule({ name: "edm" });
const range = { sigmaMax: 80, sigmaMin: 0.002, schedule: edm };
/** Those that heed the range. */
const names = (Object.keys(sigmaGrids) as SigmaGridName[]).filter(
  (name) => name !== "leading" && name !== "trailing",
);

test("EDM's 18 levels", () => {
  const printed = [80, 57.58598, 40.78557, 28.37458, 19.35245, 12.91008, 8.40094, 5.31519, 3.25682, 1.92334];
  printed.push(1.08817, 0.58535, 0.29644, 0.13952, 0.05995, 0.02293, 0.00753, 0.002);
  const sigmas = sigmaGrids.karras({ ...range, steps: 18 });
  expect(sigmas.map((sigma) => Number(sigma.toFixed(5)))).toEqual(printed);
});

describe.each(Object.keys(schedules) as ScheduleName[])("%s", (name) => {
  const schedule = openSchedule({ name });

  test.each(names)("%s: descends from end to end in as many steps as asked", (grid) => {
    for (const steps of [1, 2, 7, 50]) {
      const sigmas = sigmaGrids[grid]({ ...rangeOf(schedule), steps, schedule });
      expect(sigmas).toHaveLength(steps);
      expect(sigmas.every((sigma, i) => sigma > 0 && (i === 0 || sigma < sigmas[i - 1]!))).toBe(true);
      expect(sigmas[0]!).toBe(schedule.level(schedule.tMax));
      if (steps > 1) expect(sigmas.at(-1)!).toBe(schedule.level(schedule.tEnd));
    }
  });

  test("native: even in the schedule's time", () => {
    const sigmas = sigmaGrids.native({ ...rangeOf(schedule), steps: 11, schedule });
    const gaps = sigmas.slice(1).map((sigma, i) => schedule.timeOf(sigmas[i]!) - schedule.timeOf(sigma));
    const even = (schedule.tMax - schedule.tEnd) / 10;
    const tolerance = schedule.discrete ? 1 : 1e-8 * even;
    for (const gap of gaps) expect(Math.abs(gap - even)).toBeLessThan(tolerance);
  });
});

test("log-snr is a geometric ladder, and so is VE's own time", () => {
  const schedule = openSchedule({ name: "ve", sigmaMin: 0.02, sigmaMax: 50 });
  const options = { steps: 12, sigmaMax: 50, sigmaMin: 0.02, schedule };
  for (const grid of ["log-snr", "native"] as const)
    for (const [i, sigma] of geometricSigmas(50, 0.02, 12).entries())
      expect(sigmaGrids[grid](options)[i]! / sigma).toBeCloseTo(1, 12);
});

test("linear, and karras with rho 1", () => {
  const options = { ...range, sigmaMax: 9, sigmaMin: 1, steps: 5 };
  expect(sigmaGrids.linear(options)).toEqual([9, 7, 5, 3, 1]);
  expect(sigmaGrids.karras({ ...options, rho: 1 })).toEqual([9, 7, 5, 3, 1]);
});

test("a chain is asked for whole times only, all of them at most", () => {
  const schedule = openSchedule({ name: "ddpm" });
  const whole = (steps: number) =>
    sigmaGrids.native({ ...rangeOf(schedule), steps, schedule }).map(schedule.timeOf);
  for (const steps of [3, 50, 777, 1000])
    for (const t of whole(steps)) expect(Math.abs(t - Math.round(t))).toBeLessThan(1e-8);
  expect(whole(1000).map(Math.round)).toEqual(Array.from({ length: 1000 }, (_, i) => 1000 - i));
  expect(() => whole(1001)).toThrow("at most 1000 steps");
});

describe("as diffusers spaces its times, one less than ours", () => {
  const schedule = openSchedule({ name: "ddpm" });
  const times = (grid: "leading" | "trailing" | "native", steps: number) =>
    sigmaGrids[grid]({ ...rangeOf(schedule), steps, schedule }).map(
      (sigma) => Math.round(schedule.timeOf(sigma)) - 1,
    );

  test("leading: arange(0, steps) * (T // steps)", () => {
    expect(times("leading", 50)).toEqual(Array.from({ length: 50 }, (_, i) => 980 - 20 * i));
    expect(times("leading", 3)).toEqual([666, 333, 0]);
  });

  // With 16 steps halves occur: NumPy has 812 for 812.5 and 188 for 187.5.
  test("trailing: round(arange(T, 0, -T / steps)) - 1", () => {
    expect(times("trailing", 50)).toEqual(Array.from({ length: 50 }, (_, i) => 999 - 20 * i));
    expect(times("trailing", 3)).toEqual([999, 666, 332]);
    const halves = [999, 937, 874, 811, 749, 687, 624, 561, 499, 437, 374, 311, 249, 187, 124, 61];
    expect(times("trailing", 16)).toEqual(halves);
  });

  // 999 / 6 has halves: NumPy has 166 for 166.5 and 500 for 499.5.
  test("native is linspace: round(linspace(0, T - 1, steps))", () => {
    expect(times("native", 7)).toEqual([999, 832, 666, 500, 333, 166, 0]);
  });

  test("they ask for a chain", () => {
    for (const grid of ["leading", "trailing"] as const) {
      expect(() => sigmaGrids[grid]({ ...range, steps: 3 })).toThrow("take native");
      expect(() => times(grid, 1001)).toThrow("at least 1001");
      expect(() => times(grid, 0)).toThrow(UserError);
    }
  });
});

test("part of a range is heeded", () => {
  const schedule = openSchedule({ name: "vp" });
  const sigmas = sigmaGrids.native({ steps: 9, sigmaMax: 5, sigmaMin: 0.1, schedule });
  expect([sigmas[0], sigmas.at(-1)]).toEqual([5, 0.1]);
});

test("no steps, and ranges that are none, are the user's to mend", () => {
  for (const name of names) {
    for (const steps of [0, -1, 2.5, Number.NaN])
      expect(() => sigmaGrids[name]({ ...range, steps })).toThrow(UserError);
    expect(() => sigmaGrids[name]({ ...range, steps: 3, sigmaMin: 100 })).toThrow(UserError);
  }
});
