// Weightings against the losses that they stand for.
import { expect, test } from "bun:test";
import { fromX0, type ParameterisationName, parameterisations } from "../../lib/theory/parameterisations.ts";
import { openSchedule, type ScheduleName, schedules } from "../../lib/theory/schedules/index.ts";
import { likelihoodWeighting, plainWeighting, snrWeightings } from "../../lib/theory/snr-weighting.ts";
import { weightings } from "../../lib/theory/weighting.ts";

const sigmas = [0.03, 0.2, 1, 4, 60];
const scheduleNames = Object.keys(schedules) as ScheduleName[];

// A denoiser that is off by d has a score that is off by d / sigma².
const scoreError = (d: number, sigma: number): number => d / sigma ** 2;

test.each(scheduleNames)("%s: plain losses of every prediction", (name) => {
  const schedule = openSchedule({ name });
  for (const parameterisation of Object.keys(parameterisations) as ParameterisationName[])
    for (const s of sigmas) {
      const alpha = schedule.alpha(schedule.timeOf(s));
      const place = { x: 0.8, alpha, sigma: s * alpha };
      const [d, x0] = [0.013, 0.4];
      const error = fromX0(parameterisation, x0 + d, place) - fromX0(parameterisation, x0, place);
      const weighted = plainWeighting(parameterisation, schedule)(s, 1) * scoreError(d, s) ** 2;
      expect(Math.abs(weighted / error ** 2 - 1)).toBeLessThan(1e-8);
    }
});

test.each(scheduleNames)("%s: L_simple, the error of eps, is sigma-squared", (name) => {
  const simple = plainWeighting("eps", openSchedule({ name }));
  for (const s of sigmas) expect(simple(s, 0.5) / weightings["sigma-squared"](s)).toBeCloseTo(1, 10);
});

test("the plain loss of v is SNR plus 1 on the denoiser", () => {
  const v = plainWeighting("v", openSchedule({ name: "vp" }));
  for (const s of sigmas) {
    expect(v(s, 1) / snrWeightings["snr-plus-one"](s)).toBeCloseTo(1, 10);
    expect(snrWeightings["snr-plus-one"](s) / s ** 4).toBeCloseTo(1 + 1 / s ** 2, 10);
  }
});

// (Hang et al. 2023): min(SNR, 5) / SNR on the loss of eps, min(SNR, 5) on that of x_0.
test("min-SNR and its kin", () => {
  for (const s of sigmas) {
    const snr = 1 / s ** 2;
    expect(snrWeightings["min-snr"](s) / s ** 2).toBeCloseTo(Math.min(snr, 5) / snr, 12);
    expect(snrWeightings["min-snr"](s) / s ** 4 / Math.min(snr, 5)).toBeCloseTo(1, 12);
    expect(snrWeightings["truncated-snr"](s) / s ** 4 / Math.max(snr, 1)).toBeCloseTo(1, 12);
    // k-diffusion: 1 / (sigma² + sigmaData²), between SNR and 1 / sigmaData² as resistors in parallel.
    const soft = snrWeightings["soft-min-snr"](s, 0.5) / s ** 4;
    expect(1 / soft).toBeCloseTo(1 / snr + 0.25, 8);
    expect(soft).toBeLessThan(Math.min(snr, 4));
  }
});

test("the likelihood weighting is the rate of sigma², whatever the schedule", () => {
  for (const name of scheduleNames) {
    const schedule = openSchedule({ name });
    const weight = likelihoodWeighting(schedule);
    for (const part of [0.1237, 0.4571, 0.8713]) {
      const t = schedule.tMin + part * (schedule.tMax - schedule.tMin);
      const h = 1e-5 * (schedule.tMax - schedule.tMin);
      const rate = (schedule.level(t + h) ** 2 - schedule.level(t - h) ** 2) / (2 * h);
      expect(Math.abs(weight(schedule.level(t), 1) / rate - 1)).toBeLessThan(1e-5);
    }
  }
});

// (Song, Durkan et al. 2021): for VE it is sigma² times 2 ln(sigmaMax / sigmaMin), the plain weighting but for a factor.
test("VE: the likelihood weighting is sigma-squared", () => {
  const weight = likelihoodWeighting(openSchedule({ name: "ve", sigmaMin: 0.01, sigmaMax: 50 }));
  for (const s of sigmas.slice(0, 4)) expect(weight(s, 1) / s ** 2).toBeCloseTo(2 * Math.log(5000), 8);
});
