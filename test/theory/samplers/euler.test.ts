// Euler's method against the exact path of the probability-flow ODE for Gaussian data.
import { expect, test } from "bun:test";
import { geometricSigmas } from "../../../lib/theory/noise-ladder.ts";
import { euler } from "../../../lib/theory/samplers/euler.ts";

const [sigmaMax, sigmaMin] = [20, 0.1];

/** For data N(0, 1) the exact path is x(sigma) = x(sigmaMax) sqrt((1 + sigma²)/(1 + sigmaMax²)). */
function errorAt(levels: number): number {
  const options = {
    sigmas: geometricSigmas(sigmaMax, sigmaMin, levels),
    sigmaData: 1,
    stepsPerLevel: 1,
    steps: 0,
    stepSize: 0,
  };
  let x = 1;
  for (const { sigma, a, b } of euler.steps({ ...options, denoise: false }))
    x = a * x + (b * x) / (1 + sigma ** 2);
  return Math.abs(x - Math.sqrt((1 + sigmaMin ** 2) / (1 + sigmaMax ** 2)));
}

test("the error falls with the first power of the step", () => {
  const slopes = [100, 200, 400].map((levels) => Math.log2(errorAt(levels) / errorAt(2 * levels)));
  for (const slope of slopes) expect(Math.abs(slope - 1)).toBeLessThan(0.05);
});
