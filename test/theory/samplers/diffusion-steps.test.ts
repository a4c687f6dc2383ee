// The diffusion samplers against the papers' recursions in the diffusions' own coordinates, and against each other.
import { describe, expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { stream } from "../../../lib/random.ts";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { samplers } from "../../../lib/theory/samplers/index.ts";
import type { Sampler, SamplerOptions, Step } from "../../../lib/theory/samplers/sampler.ts";
import { learnedLogVariance, respaced } from "../../../lib/theory/schedules/discrete-schedule.ts";
import { openSchedule } from "../../../lib/theory/schedules/index.ts";

const options: SamplerOptions = {
  sigmas: geometricSigmas(20, 0.1, 30),
  sigmaData: 1,
  stepsPerLevel: 1,
  steps: 0,
  stepSize: 0,
  denoise: true,
};
const stepsOf = (name: keyof typeof samplers, changes: Partial<SamplerOptions> = {}): Step[] => [
  ...(samplers[name] as Sampler).steps({ ...options, ...changes }),
];

function expectSame(some: readonly Step[], others: readonly Step[]): void {
  expect(some).toHaveLength(others.length);
  for (const [i, step] of some.entries())
    for (const key of ["sigma", "a", "b", "c"] as const) expect(step[key]).toBeCloseTo(others[i]![key], 13);
}

describe("identities", () => {
  test("DDIM with eta 1 is the ancestral sampler with beta~", () => {
    expectSame(stepsOf("ddim", { eta: 1 }), stepsOf("ancestral", { variance: "posterior" }));
  });
  test("DDIM with eta 0, as it is unless chosen, is Euler's method", () => {
    expectSame(stepsOf("ddim", { eta: 0 }), stepsOf("euler"));
    expectSame(stepsOf("ddim"), stepsOf("euler"));
  });
  test("consistent annealed sampling without a chosen step is the ancestral sampler", () => {
    expectSame(stepsOf("consistent-annealed"), stepsOf("ancestral"));
  });
  test("where variance explodes, the forward variance makes it the noise of reverse diffusion", () => {
    const [some, others] = [stepsOf("ancestral", { variance: "forward" }), stepsOf("reverse-diffusion")];
    expectSame(some, others);
  });
  test("a learned variance lies between beta~ at the fraction 0 and beta at 1, on any levels that are visited", () => {
    const { level, ...rest } = openSchedule({ name: "cosine", steps: 100 });
    for (const visited of [
      [100, 99, 60, 2, 1],
      [90, 30, 1],
    ]) {
      const where = { sigmas: visited.map(level), schedule: { level, ...rest } };
      const walk = stepsOf("ancestral", { ...where, variance: "learned" });
      const at = (fraction: number) =>
        walk.map(({ w = 0, ...step }) => ({ ...step, c: step.c * Math.exp(w * fraction) }));
      expectSame(at(0), stepsOf("ancestral", { ...where, variance: "posterior" }));
      expectSame(at(1), stepsOf("ancestral", { ...where, variance: "forward" }));
      // beta' = 1 - alpha_bar_t / alpha_bar_s and beta~' of the chain that visits these times alone (Nichol & Dhariwal 2021, section 4).
      const chain = respaced(rest.discrete!, visited.toReversed());
      for (const [i, { c }] of at(0.3).slice(0, -1).entries()) {
        const t = visited.length - i;
        const log = learnedLogVariance(chain, t, 0.3);
        expect(c).toBeCloseTo(Math.exp(log / 2) / Math.sqrt(chain.alphaBars[t - 1]!), 10);
      }
    }
  });
  test.each([-0.1, 1.1, Number.NaN])("an eta of %d is refused", (eta) => {
    expect(() => stepsOf("ddim", { eta })).toThrow(UserError);
  });
});

// A DDPM chain of 12 steps in its own coordinates, written out, with some denoiser x0(x_t, t) that is not linear.
const betas = Array.from({ length: 12 }, (_, i) => 0.02 + 0.04 * i);
const bars = betas.map((_, i) => betas.slice(0, i + 1).reduce((product, beta) => product * (1 - beta), 1));
const barOf = (t: number): number => (t === 0 ? 1 : bars[t - 1]!);
const levelOf = (t: number): number => Math.sqrt((1 - barOf(t)) / barOf(t));
const denoisedAt = (level: number, x: number): number => Math.tanh(x / (1 + level)) + 0.1 * Math.sin(x);
const times = betas.map((_, i) => betas.length - i);
const chain = openSchedule({ name: "ddpm", steps: 12, betaMin: 0.02, betaMax: 0.46 });

/** x_0 from x_T, by the recursion x_(t-1) of (x_t, x0, eps, t, z). */
function native(next: (x: number, x0: number, eps: number, t: number, z: number) => number): number {
  const random = stream(5, "chain");
  let x = 1.3;
  for (const t of times) {
    const x0 = denoisedAt(levelOf(t), x / Math.sqrt(barOf(t)));
    const eps = (x - Math.sqrt(barOf(t)) * x0) / Math.sqrt(1 - barOf(t));
    x = next(x, x0, eps, t, t > 1 ? random.normal() : 0);
  }
  return x;
}

/** The same by three numbers a step, in VE coordinates. */
function rescaled(name: keyof typeof samplers, changes: Partial<SamplerOptions>): number {
  const random = stream(5, "chain");
  let x = 1.3 / Math.sqrt(barOf(12));
  for (const { sigma, a, b, c } of stepsOf(name, {
    ...changes,
    sigmas: times.map(levelOf),
    schedule: chain,
  }))
    x = a * x + b * denoisedAt(sigma, x) + (c === 0 ? 0 : c * random.normal());
  return x;
}

const betaOf = (t: number): number => betas[t - 1]!;
const tildeOf = (t: number): number => ((1 - barOf(t - 1)) / (1 - barOf(t))) * betaOf(t);
const mean = (x: number, eps: number, t: number): number =>
  (x - (betaOf(t) / Math.sqrt(1 - barOf(t))) * eps) / Math.sqrt(1 - betaOf(t));
const ddim =
  (eta: number) =>
  (_: number, x0: number, eps: number, t: number, z: number): number => {
    const deviation =
      eta *
      Math.sqrt((1 - barOf(t - 1)) / (1 - barOf(t))) *
      Math.sqrt(Math.max(0, 1 - barOf(t) / barOf(t - 1)));
    const along = Math.sqrt(1 - barOf(t - 1) - deviation ** 2);
    return Math.sqrt(barOf(t - 1)) * x0 + along * eps + deviation * z;
  };
// Song et al. 2021, Eq. 46; the last step, which Tweedie's formula makes here, is left out of both.
const score = (eps: number, t: number): number => -eps / Math.sqrt(1 - barOf(t));
const reverseDiffusion = (x: number, x0: number, eps: number, t: number, z: number): number =>
  t === 1 ? x0 : (2 - Math.sqrt(1 - betaOf(t))) * x + betaOf(t) * score(eps, t) + Math.sqrt(betaOf(t)) * z;

describe("a DDPM rescaled to VE coordinates ends where the paper's recursion does", () => {
  test.each([
    {
      name: "ancestral",
      changes: { variance: "posterior" },
      next: (x: number, _: number, eps: number, t: number, z: number) =>
        mean(x, eps, t) + Math.sqrt(tildeOf(t)) * z,
    },
    {
      name: "ancestral",
      changes: { variance: "forward" },
      next: (x: number, _: number, eps: number, t: number, z: number) =>
        mean(x, eps, t) + Math.sqrt(betaOf(t)) * z,
    },
    { name: "ddim", changes: { eta: 0 }, next: ddim(0) },
    { name: "ddim", changes: { eta: 0.6 }, next: ddim(0.6) },
    { name: "ddim", changes: { eta: 1 }, next: ddim(1) },
    { name: "reverse-diffusion", changes: {}, next: reverseDiffusion },
  ] as const)("$name $changes", ({ name, changes, next }) => {
    expect(rescaled(name, changes)).toBeCloseTo(native(next), 12);
  });
});

// Song et al. 2021, Eqs. 6 and 11: dx = -beta/2 x dt + sqrt(beta) dw, beta(t) = .1 + 19.9 t, in equal steps of time.
test("Euler–Maruyama on the variance-preserving SDE is that of its own coordinates", () => {
  const vp = openSchedule({ name: "vp" });
  const h = 0.05;
  const grid = Array.from({ length: 20 }, (_, i) => 1 - i * h);
  const alpha = (t: number): number => Math.exp(-(t ** 2) * (19.9 / 4) - t * 0.05);
  const level = (t: number): number => Math.sqrt(1 / alpha(t) ** 2 - 1);
  const random = [stream(8, "sde"), stream(8, "sde")] as const;
  let x = -0.7;
  for (const t of grid.slice(0, -1)) {
    const beta = 0.1 + 19.9 * t;
    const gradient = (alpha(t) * denoisedAt(level(t), x / alpha(t)) - x) / (1 - alpha(t) ** 2);
    x += (beta / 2) * x * h + beta * gradient * h + Math.sqrt(beta * h) * random[0].normal();
  }
  const sigmas = grid.map(level);
  let y = -0.7 / alpha(1);
  for (const { sigma, a, b, c } of stepsOf("euler-maruyama", { sigmas, schedule: vp, denoise: false }))
    y = a * y + b * denoisedAt(sigma, y) + c * random[1].normal();
  expect(y).toBeCloseTo(x / alpha(grid.at(-1)!), 9);
});

// Ho et al. 2020, section 3.2: beta is the right variance for data N(0, I), beta~ for a single point.
test("with the forward variance, data N(0, 1) keep their variance at every level of a DDPM", () => {
  const steps = stepsOf("ancestral", {
    variance: "forward",
    sigmas: times.map(levelOf),
    schedule: chain,
    denoise: false,
  });
  let variance = 1 + levelOf(12) ** 2;
  for (const [i, { sigma, a, b, c }] of steps.entries()) {
    variance = (a + b / (1 + sigma ** 2)) ** 2 * variance + c ** 2;
    expect(variance / (1 + levelOf(times[i + 1]!) ** 2)).toBeCloseTo(1, 12);
  }
});
