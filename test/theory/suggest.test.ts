// Suggestions for data whose answer is known.
import { expect, test } from "bun:test";
import { UserError } from "../../lib/errors.ts";
import { balancedStep } from "../../lib/theory/langevin-step.ts";
import { geometricSigmas } from "../../lib/theory/noise-ladder.ts";
import { suggest } from "../../lib/theory/suggest.ts";

// Half black, half white images of 784 pixels: distance 2 * 28, mean 0, standard deviation 1.
const blackAndWhite = Float32Array.from({ length: 10 * 784 }, (_, i) => (i < 5 * 784 ? -1 : 1));

test("black and white images", () => {
  const found = suggest(blackAndWhite, 10, 784);
  expect(found.sigmaMax).toBe(56);
  expect(found.dataMean).toBe(0);
  expect(found.dataStd).toBe(1);
  // ln(56 / .02) / ln(1.08197) = 100.75 ratios.
  expect(found.levels).toBe(102);
  expect(found.sigmas).toEqual(geometricSigmas(56, 0.02, 102));
  expect(found.gamma).toBeCloseTo(found.sigmas[0]! / found.sigmas[1]!, 12);
  expect(found.stepSize).toBe(balancedStep(found));
  expect(found.balance).toBeGreaterThan(1);
  expect(found.balance).toBeLessThan(1.12);
});

// Distances double from [0, 1] to [-1, 1]; so must every sigma, and the step size fourfold.
test("the unit of the data does not matter", () => {
  const found = suggest(blackAndWhite, 10, 784, { stepsPerLevel: 3 });
  const halved = suggest(
    blackAndWhite.map((x) => (x + 1) / 2),
    10,
    784,
    { sigmaMin: 0.01, stepsPerLevel: 3 },
  );
  expect(found.stepSize).toBe(balancedStep(found));
  expect(found.stepsPerLevel).toBe(3);
  expect(halved.levels).toBe(found.levels);
  expect(halved.sigmaMax).toBe(found.sigmaMax / 2);
  expect(found.stepSize / halved.stepSize).toBeCloseTo(4, 6);
  expect([halved.dataMean, halved.dataStd]).toEqual([0.5, 0.5]);
});

test("two-dimensional data gets a ladder too", () => {
  const found = suggest(new Float32Array([-1, 0, 1, 0, 0, 1]), 3, 2);
  expect(found.sigmaMax).toBe(2);
  expect(found.gamma).toBeCloseTo(1.93, 2);
});

test("data that cannot have a ladder is refused with what was found", () => {
  expect(() => suggest(new Float32Array(784), 1, 784)).toThrow(UserError);
  expect(() => suggest(new Float32Array(1000), 2, 784)).toThrow("got 1000 numbers as 2 samples");
  expect(() => suggest(new Float32Array(2 * 784), 2, 784)).toThrow("all the same");
});
