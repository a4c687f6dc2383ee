// The walk on plain numbers: the step's own arithmetic, trajectories, and points that do not depend on each other.
import { expect, test } from "bun:test";
import { stream } from "../../../lib/random.ts";
import { euler } from "../../../lib/theory/samplers/euler.ts";
import { langevinStep, type Step } from "../../../lib/theory/samplers/sampler.ts";
import { walk, walkAll } from "../../../lib/theory/samplers/walk.ts";

const score = (x: Float64Array, sigma: number): Float64Array => x.map((value) => -value / (1 + sigma ** 2));

test("every step is a x + b D + c z", () => {
  const steps: Step[] = [langevinStep(0.4, 0.03), { sigma: 2, a: 0.2, b: 0.5, c: 0 }, langevinStep(0, 0.1)];
  const path = Array.from(walk(steps, score, [1.5, -2], stream(4, "path")), (x) => [...x]);
  const random = stream(4, "path");
  let now = [1.5, -2];
  for (const [i, { sigma, a, b, c }] of steps.entries()) {
    // D = x / (1 + sigma^2) for data N(0, I), and x + score = 0 without noise.
    const shrink = sigma > 0 ? 1 / (1 + sigma ** 2) : 0;
    now = now.map((x) => a * x + b * shrink * x + (c === 0 ? 0 : c * random.normal()));
    for (const [d, x] of now.entries()) expect(path[i]![d]).toBeCloseTo(x, 13);
  }
  expect(path).toHaveLength(3);
});

test("a probability-flow walk lands where its exact path does", () => {
  const sigmas = Array.from({ length: 2000 }, (_, i) => 10 ** (1 - (2 * i) / 1999));
  const steps = euler.steps({
    sigmas,
    sigmaData: 1,
    stepsPerLevel: 1,
    steps: 0,
    stepSize: 0,
    denoise: false,
  });
  const [end] = walkAll({ steps, score, x: [3], dimensions: 1, seed: 0 });
  expect(end).toBeCloseTo(3 * Math.sqrt((1 + 0.1 ** 2) / (1 + 10 ** 2)), 3);
});

test("a point ends at the same place in whatever company", () => {
  const options = { steps: Array<Step>(20).fill(langevinStep(0, 0.1)), score, dimensions: 2, seed: 5 };
  const x = [1, 2, 3, 4, 5, 6];
  const all = walkAll({ ...options, x });
  expect([...walkAll({ ...options, x: x.slice(0, 4) })]).toEqual([...all.subarray(0, 4)]);
  expect(x).toEqual([1, 2, 3, 4, 5, 6]);
  expect(new Set(all).size).toBe(6);
});
