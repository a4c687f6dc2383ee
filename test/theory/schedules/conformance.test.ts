// What every schedule of the registry must keep, so that a new one is tested unasked.
import { describe, expect, test } from "bun:test";
import { openSchedule, type ScheduleName, schedules } from "../../../lib/theory/schedules/index.ts";

const names = Object.keys(schedules) as ScheduleName[];

describe.each(names)("%s", (name) => {
  const schedule = openSchedule({ name });
  const { tMin, tMax, tEnd, alpha, sigma, level, timeOf } = schedule;
  // 400 times strictly inside, none of them whole, where a chain has a corner.
  const times = Array.from({ length: 400 }, (_, i) => tMin + ((i + 0.4567) / 400) * (tMax - tMin));
  // Half the distance to the nearest end, to a whole time, or a small part of the time itself.
  const reach = (t: number): number => {
    const corner = schedule.discrete ? Math.abs(t - Math.round(t)) : Infinity;
    return 1e-3 * Math.min(corner, t - tMin, tMax - t, t);
  };
  const slope = (f: (t: number) => number, t: number): number => {
    const h = reach(t);
    return (8 * (f(t + h) - f(t - h)) - (f(t + 2 * h) - f(t - 2 * h))) / (12 * h);
  };

  test("times are ordered", () => {
    expect(tMin).toBeLessThanOrEqual(tEnd);
    expect(tEnd).toBeLessThan(tMax);
    expect(tMin).toBeGreaterThanOrEqual(0);
  });

  test("the data fade, and the log-SNR falls strictly", () => {
    const all = [tMin, ...times, tMax];
    for (const [i, t] of all.entries()) {
      expect(alpha(t)).toBeGreaterThan(0);
      expect(alpha(t)).toBeLessThanOrEqual(1);
      expect(sigma(t)).toBeGreaterThan(0);
      expect(level(t)).toBe(sigma(t) / alpha(t));
      if (i > 0) expect(-2 * Math.log(level(t))).toBeLessThan(-2 * Math.log(level(all[i - 1]!)));
    }
  });

  test("the time of a noise level", () => {
    for (const t of [tMin, tEnd, ...times, tMax])
      expect(Math.abs(timeOf(level(t)) / t - 1) || 0).toBeLessThan(1e-9);
  });

  test("noise that it does not reach has the nearest time that it has", () => {
    expect([0, level(tMin) / 2].map(timeOf)).toEqual([tMin, tMin]);
    expect([level(tMax) * 2, level(tMax) * 1e6].map(timeOf)).toEqual([tMax, tMax]);
  });

  test("the drift is the slope of log alpha", () => {
    for (const t of times) {
      const numeric = slope((time) => Math.log(alpha(time)), t);
      expect(Math.abs(schedule.drift(t) - numeric)).toBeLessThan(1e-6 * Math.abs(numeric) + 1e-12);
    }
  });

  test("g² is the slope of sigma² less 2 f sigma²", () => {
    for (const t of times) {
      const rate = slope((time) => sigma(time) ** 2, t);
      const expected = rate - 2 * slope((time) => Math.log(alpha(time)), t) * sigma(t) ** 2;
      expect(Math.abs(schedule.diffusion(t) ** 2 / expected - 1)).toBeLessThan(1e-6);
      expect(Math.abs(schedule.varianceRate(t) - rate)).toBeLessThan(1e-6 * schedule.diffusion(t) ** 2);
    }
  });

  // An independent way to the marginals: the moments of dx = f x dt + g dw by Runge-Kutta from tMin.
  test("the diffusion has the marginals that the schedule declares", () => {
    const from = tMin;
    const n = schedule.discrete ? 300 : 4000;
    const h = schedule.discrete ? 1 : (0.3 * (tMax - tMin)) / n;
    let variance = sigma(from) ** 2;
    const rate = (t: number, v: number): number => 2 * schedule.drift(t) * v + schedule.diffusion(t) ** 2;
    // Stages just inside of a step, so that a chain's corners, at whole times, are at the ends of steps.
    for (let i = 0; i < n; i++) {
      const t = from + i * h;
      const [a, b] = [t + 1e-9 * h, t + (1 - 1e-9) * h];
      const k1 = rate(a, variance);
      const k2 = rate(t + h / 2, variance + (h / 2) * k1);
      const k3 = rate(t + h / 2, variance + (h / 2) * k2);
      const k4 = rate(b, variance + h * k3);
      variance += (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
    }
    expect(Math.abs(variance / sigma(from + n * h) ** 2 - 1)).toBeLessThan(1e-6);
  });

  test("labels are finite and grow", () => {
    const labels = [tMin, ...times, tMax].map(schedule.label);
    expect(labels.every((value, i) => Number.isFinite(value) && (i === 0 || value > labels[i - 1]!))).toBe(
      true,
    );
  });

  test("it says what it is in one line, with a source", () => {
    expect(schedule.summary).toMatch(/^[^\n]{10,100}$/);
    expect(schedule.source).toMatch(/\b(19|20)\d\d\b/);
  });
});

test.each(["vp", "ddpm", "cosine", "sigmoid"] as const)(
  "%s keeps the variance: alpha² + sigma² = 1, g² = -2 f",
  (name) => {
    const { tMin, tMax, alpha, sigma, drift, diffusion } = openSchedule({ name });
    for (let t = tMin; t <= tMax; t += (tMax - tMin) / 97) {
      expect(alpha(t) ** 2 + sigma(t) ** 2).toBeCloseTo(1, 14);
      expect(diffusion(t) ** 2 / (-2 * drift(t))).toBeCloseTo(1, 12);
    }
  },
);
