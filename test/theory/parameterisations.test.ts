// Conversions between predictions against their definitions, and the preconditionings that they make.
import { describe, expect, test } from "bun:test";
import {
  fromX0,
  type ParameterisationName,
  parameterisations,
  throughSchedule,
  toX0,
} from "../../lib/theory/parameterisations.ts";
import { preconditionings } from "../../lib/theory/preconditioning.ts";
import { openSchedule, type ScheduleName, schedules } from "../../lib/theory/schedules/index.ts";

const names = Object.keys(parameterisations) as ParameterisationName[];
const x0 = 0.37;
const eps = -1.9;

// What each says in its own words, for alpha and sigma on no circle and no line.
const definitions: Record<ParameterisationName, (alpha: number, sigma: number) => number> = {
  x0: () => x0,
  eps: () => eps,
  score: (_, sigma) => -eps / sigma,
  v: (alpha, sigma) => alpha * eps - sigma * x0,
  velocity: () => eps - x0,
};

const places = [
  [1, 0.01],
  [1, 70],
  [0.6, 0.8],
  [0.999, 0.0447],
  [0.3, 0.7],
  [0.0065, 0.99996],
].map(([alpha, sigma]) => ({ alpha: alpha!, sigma: sigma!, x: alpha! * x0 + sigma! * eps }));

test.each(names)("%s: the definition gives x_0, and x_0 the definition", (name) => {
  for (const place of places) {
    const value = definitions[name](place.alpha, place.sigma);
    expect(toX0(name, value, place)).toBeCloseTo(x0, 10);
    expect(Math.abs(fromX0(name, x0, place) / value - 1)).toBeLessThan(1e-10);
  }
});

test("any prediction becomes any other and comes back", () => {
  for (const place of places)
    for (const from of names)
      for (const to of names) {
        const value = definitions[from](place.alpha, place.sigma);
        const other = fromX0(to, toX0(from, value, place), place);
        expect(Math.abs(other / definitions[to](place.alpha, place.sigma) - 1)).toBeLessThan(1e-8);
        expect(Math.abs(fromX0(from, toX0(to, other, place), place) / value - 1)).toBeLessThan(1e-8);
      }
});

describe.each(Object.keys(schedules) as ScheduleName[])("through %s", (name) => {
  const schedule = openSchedule({ name });
  const { tMin, tMax, alpha, sigma, level, label } = schedule;
  const times = [0, 0.03, 0.31, 0.77, 1].map((part) => tMin + part * (tMax - tMin));

  test.each(names)("a network that predicts %s denoises", (parameterisation) => {
    const { cSkip, cOut, cIn, cNoise } = throughSchedule(parameterisation, schedule);
    for (const t of times) {
      const [s, sigmaData] = [level(t), 0.5];
      const x = x0 + s * eps;
      const prediction = definitions[parameterisation](alpha(t), sigma(t));
      expect(Math.abs(cSkip(s, sigmaData) * x + cOut(s, sigmaData) * prediction - x0)).toBeLessThan(
        1e-9 * (1 + s),
      );
      expect(cIn(s, sigmaData) * x).toBeCloseTo(alpha(t) * x0 + sigma(t) * eps, 6);
      expect(Math.abs(cNoise(s, sigmaData) - label(t))).toBeLessThan(1e-6 * (1 + Math.abs(label(t))));
    }
  });
});

// (Karras et al. 2022, Table 1)
test("eps through VP and DDPM is Karras' row", () => {
  for (const name of ["vp", "ddpm"] as const) {
    const { cSkip, cOut, cIn } = throughSchedule("eps", openSchedule({ name }));
    for (const sigma of [0.011, 0.3, 1, 20, 150]) {
      expect(cSkip(sigma, 1)).toBeCloseTo(1, 12);
      expect(cOut(sigma, 1) / -sigma).toBeCloseTo(1, 10);
      expect(cIn(sigma, 1) * Math.hypot(1, sigma)).toBeCloseTo(1, 10);
    }
  }
  // 999 times the inverse of sigma, with beta_d = 19.9 and beta_min = 0.1.
  const label = 999 * ((Math.sqrt(0.1 ** 2 + 2 * 19.9 * Math.log(1 + 3 ** 2)) - 0.1) / 19.9);
  expect(throughSchedule("eps", openSchedule({ name: "vp" })).cNoise(3, 1)).toBeCloseTo(label, 9);
});

test("v is EDM's preconditioning of data with unit variance, but for the sign", () => {
  const v = throughSchedule("v", openSchedule({ name: "cosine" }));
  const { cSkip, cOut, cIn } = preconditionings.edm;
  for (const sigma of [0.01, 0.4, 1, 9, 200]) {
    expect(v.cSkip(sigma, 1) / cSkip(sigma, 1)).toBeCloseTo(1, 10);
    expect(v.cOut(sigma, 1) / cOut(sigma, 1)).toBeCloseTo(-1, 10);
    expect(v.cIn(sigma, 1) / cIn(sigma, 1)).toBeCloseTo(1, 10);
  }
});

test("the score through VE is the network itself, and eps the network over -sigma", () => {
  const ve = openSchedule({ name: "ve" });
  for (const sigma of [0.02, 1, 90]) {
    const direct = throughSchedule("score", ve);
    expect([direct.cSkip(sigma, 1), direct.cOut(sigma, 1), direct.cIn(sigma, 1)]).toEqual([1, sigma ** 2, 1]);
    expect(throughSchedule("eps", ve).cOut(sigma, 1)).toBe(-preconditionings["ncsn-raw"].cOut(sigma));
  }
});
