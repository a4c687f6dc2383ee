// Schedules against values and closed forms that their papers' code gives.
import { expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { openSchedule, schedules } from "../../../lib/theory/schedules/index.ts";

const vp = openSchedule({ name: "vp" });
const subVp = openSchedule({ name: "sub-vp" });

// score_sde_pytorch, sde_lib.py, marginal_prob.
test.each([
  [1, 0.0065716, 0.9999784, 0.9999568],
  [0.5, 0.2811829, 0.9596542, 0.9209362],
])("VP and sub-VP at t = %d", (t, mean, std, subStd) => {
  expect(vp.alpha(t)).toBeCloseTo(mean, 7);
  expect(vp.sigma(t)).toBeCloseTo(std, 7);
  expect(subVp.alpha(t)).toBeCloseTo(mean, 7);
  expect(subVp.sigma(t)).toBeCloseTo(subStd, 7);
});

test("VP near the data", () => {
  expect(vp.alpha(1e-3)).toBeCloseTo(0.999945, 6);
  expect(vp.sigma(1e-3)).toBeCloseTo(0.0104854, 7);
});

test("VE, with the range of data in [0, 1]", () => {
  const ve = openSchedule({ name: "ve", sigmaMin: 0.01, sigmaMax: 50 });
  expect(ve.sigma(0.5)).toBeCloseTo(Math.SQRT1_2, 7);
  expect(ve.diffusion(0.5)).toBeCloseTo(2.9184231, 7);
  expect([ve.sigma(0), ve.sigma(1)]).toEqual([0.01, 50]);
});

test("drift and diffusion have the closed forms of the paper", () => {
  for (const t of [1e-5, 1e-3, 0.2, 0.5, 1]) {
    const beta = 0.1 + t * 19.9;
    expect(vp.drift(t)).toBeCloseTo(-beta / 2, 12);
    expect(vp.diffusion(t) / Math.sqrt(beta)).toBeCloseTo(1, 10);
    expect(subVp.drift(t)).toBeCloseTo(-beta / 2, 12);
    const g = Math.sqrt(beta * -Math.expm1(-2 * 0.1 * t - 19.9 * t ** 2));
    expect(subVp.diffusion(t) / g).toBeCloseTo(1, 10);
  }
});

// Taking sub-VP's alpha for VP's, whose variance fixes its diffusion, would give sqrt(beta).
test("sub-VP's diffusion does not follow from its drift", () => {
  expect(subVp.diffusion(0.1) ** 2 / (-2 * subVp.drift(0.1))).toBeCloseTo(1 - Math.exp(-0.02 - 0.199), 10);
  expect(subVp.diffusion(0.1) ** 2 / (-2 * subVp.drift(0.1))).toBeLessThan(0.2);
});

test("rectified flow: dx/dt = eps - x_0 along a line", () => {
  const flow = openSchedule({ name: "flow" });
  for (const t of [0.001, 0.3, 0.9]) {
    expect(flow.diffusion(t) ** 2).toBeCloseTo((2 * t) / (1 - t), 10);
    expect(flow.timeOf(t / (1 - t))).toBeCloseTo(t, 14);
    // f x - g²/2 score at x = (1 - t) x_0 + t eps, with the score -eps / t of a single point x_0.
    const [x0, eps] = [0.7, -1.3];
    const slope = flow.drift(t) * ((1 - t) * x0 + t * eps) + (flow.diffusion(t) ** 2 / 2) * (eps / t);
    expect(slope).toBeCloseTo(eps - x0, 10);
  }
});

test("EDM: time is the noise level, g = sqrt(2 t)", () => {
  const edm = openSchedule({ name: "edm" });
  expect([edm.level(0.3), edm.timeOf(0.3), edm.diffusion(0.3)]).toEqual([0.3, 0.3, Math.sqrt(0.6)]);
});

// DDPM's linear betas are 1/1000 of VP's; sums differ from the integral by half a step, 2.5 % of the level at t = 10.
test("DDPM's chain is VP in steps of a thousandth", () => {
  const ddpm = openSchedule({ name: "ddpm" });
  for (const t of [10, 100, 500, 900])
    expect(Math.abs(Math.log(ddpm.level(t) / vp.level(t / 1000)))).toBeLessThan(0.03);
  for (const steps of [100, 4000])
    expect(Math.log(openSchedule({ name: "ddpm", steps }).alpha(steps))).toBeCloseTo(
      Math.log(vp.alpha(1)),
      0,
    );
});

test("between whole times a chain goes on at a constant rate", () => {
  const { alpha, diffusion, discrete } = openSchedule({ name: "ddpm" });
  for (const t of [1, 250, 999]) {
    expect(alpha(t) ** 2).toBeCloseTo(discrete!.alphaBars[t]!, 14);
    expect(alpha(t + 0.5) ** 2).toBeCloseTo(
      Math.sqrt(discrete!.alphaBars[t]! * discrete!.alphaBars[t + 1]!),
      14,
    );
    for (const part of [0.1, 0.5, 1])
      expect(diffusion(t + part) ** 2).toBeCloseTo(-Math.log(1 - discrete!.betas[t + 1]!), 12);
  }
});

test("labels are those that published networks were trained with", () => {
  const label = (name: keyof typeof schedules, t: number): number => openSchedule({ name }).label(t);
  expect([label("ddpm", 1), label("ddpm", 1000)]).toEqual([0, 999]);
  expect([label("vp", 1), label("vp", 0.5)]).toEqual([999, 499.5]);
  expect(label("edm", Math.E)).toBe(0.25);
  expect(label("ve", 1)).toBeCloseTo(Math.log(50), 14);
});

test("options that make no schedule are the user's to mend", () => {
  expect(() => schedules.ve({ sigmaMin: 2, sigmaMax: 1 })).toThrow(UserError);
  expect(() => schedules.edm({ sigmaMin: 0 })).toThrow(UserError);
  expect(() => schedules.vp({ betaMin: -1 })).toThrow(UserError);
  expect(() => schedules.ddpm({ steps: 20 })).toThrow("beta_20 = 1");
  expect(() => schedules.cosine({ steps: 1 })).toThrow("at least 2");
});
