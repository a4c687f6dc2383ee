// The adaptive method: errors follow the tolerance, every system chooses its own steps, and dead ends are reported.
import { expect, test } from "bun:test";
import { UserError } from "../../../lib/errors.ts";
import { type Derivative, dormandPrince } from "../../../lib/theory/solvers/dormand-prince.ts";
import { solvers } from "../../../lib/theory/solvers/index.ts";
import { endOf, gaussianDenoiser, streams } from "../../support/solving.ts";

// x'' = -x as two coordinates.
const circle: Derivative = async (x) => x.map((_, at) => (at % 2 ? -x[at - 1]! : x[at + 1]!));
const ends = (tolerance: number) => ({
  dimensions: 2,
  from: 0,
  to: 10,
  relativeTolerance: tolerance,
  absoluteTolerance: tolerance,
});

async function last(run: ReturnType<typeof dormandPrince>) {
  let end = { x: [0], t: [0], evaluations: 0 };
  for await (const { x, t, evaluations } of run) end = { x: [...x], t: [...t], evaluations };
  return end;
}

test("the error stays within a hundredfold of the tolerance, for more evaluations", async () => {
  let evaluations = 0;
  for (const tolerance of [1e-3, 1e-6, 1e-9]) {
    const end = await last(dormandPrince({ derivative: circle, x: [1, 0], ...ends(tolerance) }));
    const error = Math.hypot(end.x[0]! - Math.cos(10), end.x[1]! + Math.sin(10));
    expect(error).toBeLessThan(100 * tolerance);
    expect(error).toBeGreaterThan(tolerance / 100);
    expect(end.evaluations).toBeGreaterThan(evaluations);
    evaluations = end.evaluations;
  }
  expect(evaluations).toBeLessThan(1500);
});

test("it runs both ways, and stays where there is nowhere to go", async () => {
  const there = await last(dormandPrince({ derivative: circle, x: [1, 0], ...ends(1e-10) }));
  const back = await last(dormandPrince({ derivative: circle, x: there.x, ...ends(1e-10), from: 10, to: 0 }));
  expect(back.x[0]).toBeCloseTo(1, 8);
  expect(back.t).toEqual([0]);
  const none = dormandPrince({ derivative: circle, x: [1, 0], ...ends(1e-3), to: 0 });
  expect((await none.next()).done).toBe(true);
});

// A slow and a fast decay: each takes its own steps, and the evaluations are those of the slower to arrive.
test("systems do not depend on their company", async () => {
  const rates = [0.1, 30];
  const decay =
    (own: readonly number[]): Derivative =>
    async (x, t) =>
      x.map((value, i) => -own[i]! * (value - Math.sin(t[i]!)));
  const options = { ...ends(1e-6), dimensions: 1 };
  const together = await last(dormandPrince({ derivative: decay(rates), x: [1, 1], ...options }));
  const alone = [];
  for (const rate of rates)
    alone.push(await last(dormandPrince({ derivative: decay([rate]), x: [1], ...options })));
  expect(together.x).toEqual(alone.map(({ x }) => x[0]!));
  expect(together.evaluations).toBe(Math.max(...alone.map(({ evaluations }) => evaluations)));
  expect(alone[1]!.evaluations).toBeGreaterThan(3 * alone[0]!.evaluations);
});

test("steps that shrink to nothing are reported, with a way out", async () => {
  const wall: Derivative = async (x, t) => x.map((_, i) => (t[i]! > 3 ? Number.NaN : 1));
  const run = last(dormandPrince({ derivative: wall, x: [0], ...ends(1e-6), dimensions: 1 }));
  await expect(run).rejects.toThrow(UserError);
  const again = last(dormandPrince({ derivative: wall, x: [0], ...ends(1e-6), dimensions: 1 }));
  await expect(again).rejects.toThrow("use a larger tolerance");
});

test("rk45 follows the exact path of Gaussian data to its tolerance", async () => {
  const sigmas = [80, 0.002];
  const x = [91, -30];
  for (const tolerance of [1e-4, 1e-6, 1e-8]) {
    const problem = { denoise: gaussianDenoiser(1), x, dimensions: 1, random: streams(1, 2) };
    const tolerances = { relativeTolerance: tolerance, absoluteTolerance: tolerance };
    const end = await endOf(solvers.rk45.solve(problem, { sigmas, denoise: false, ...tolerances }));
    const ratio = Math.hypot(1, 0.002) / Math.hypot(1, 80);
    for (const [i, value] of end.x.entries())
      expect(Math.abs(value / (ratio * x[i]!) - 1)).toBeLessThan(50 * tolerance);
  }
});
