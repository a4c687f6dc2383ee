// Guided sampling through the graphs, by every method, with a network whose denoised are linear in the class.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { UsageError } from "../../lib/errors.ts";
import { openDevice } from "../../lib/run/device.ts";
import { type MethodName, methods } from "../../scripts/recipes/methods.ts";
import { type SamplingChoice, samplingPlan } from "../../scripts/recipes/sampling-plan.ts";
import { labelled, tinyArtifact } from "../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const settings = {
  network: { score: labelled },
  noise: {
    preconditioning: "edm",
    weighting: "sigma-squared",
    schedule: { name: "edm" },
    training: { kind: "ladder" as const },
    sigmas: [2, 1, 0.5, 0.25],
    sigmaData: 0.7,
  },
  langevin: { stepSize: 0.01, stepsPerLevel: 2 },
};
const data = { source: "g", shape: [1, 2, 2], classes: 3, options: {} };
// To the network the class 3 is none.
const artifact = tinyArtifact({ ...settings, data: { ...data, unconditional: 0.1 } });
const { manifest } = artifact;
const base = { ort, device, artifact, weights: Float32Array.of(0.3), seed: 7 };

async function samples(choice: SamplingChoice) {
  const plan = samplingPlan({ count: 7, ...choice }, manifest);
  const x = new Float32Array(7 * 4);
  let nfe = plan.nfe;
  for await (const now of methods[choice.method].run({ ...base, ...plan })) {
    nfe ??= now.nfe;
    x.set(await now.x(), now.first * 4);
  }
  return { x, nfe: nfe! };
}

const names = Object.keys(methods).filter(
  (name) => !["mala", "chains", "reverse"].includes(name),
) as MethodName[];

describe.each(names)("%s", (method) => {
  const clip = { method, clip: "none" } as const;

  // With none at 3: 3 + 2 (2 - 3) = 1 and 3 + 1.5 (1 - 3) = 0.
  test("class 2 at strength 2 is class 1, and class 1 at 1.5 class 0, at two evaluations for one", async () => {
    for (const [from, guidance, to] of [
      [2, 2, 1],
      [1, 1.5, 0],
    ] as const) {
      const pushed = await samples({ ...clip, class: from, guidance });
      const plain = await samples({ ...clip, class: to });
      for (const [i, value] of plain.x.entries()) expect(Math.abs(pushed.x[i]! - value)).toBeLessThan(2e-4);
      expect(pushed.nfe).toBe(2 * plain.nfe);
    }
  });

  test("1 is the class as it is and 0 no class, to the bit and at no cost", async () => {
    const plain = await samples({ ...clip, class: 2 });
    expect(await samples({ ...clip, class: 2, guidance: 1 })).toEqual(plain);
    const none = await samples({ ...clip, class: "none" });
    expect(await samples({ ...clip, class: 2, guidance: 0 })).toEqual(none);
    expect(none.x).not.toEqual(plain.x);
  });
});

test("a budget is of evaluations of the network, so that guidance halves the steps", () => {
  const steps = (guidance: number | undefined) => {
    const { nfe, options } = samplingPlan({ method: "heun", steps: 15, grid: "karras", guidance }, manifest);
    return { nfe, levels: options.sigmas.length };
  };
  expect(steps(undefined)).toEqual({ nfe: 15, levels: 8 });
  expect(steps(2)).toEqual({ nfe: 14, levels: 4 });
});

test("unconditional samples take no turns with classes", () => {
  const { columns, labels } = samplingPlan({ method: "euler", guidance: 0, count: 3 }, manifest);
  expect({ columns, labels: [...labels!] }).toEqual({ columns: 0, labels: [3, 3, 3] });
});

test.each<[Partial<SamplingChoice>, string]>([
  [{ guidance: 2 }, "--guidance 2: this model never saw a sample without its class in training"],
  [{ guidance: 0 }, "--class none: this model never saw a sample without its class in training"],
  [{ class: "none" }, "--class none: this model never saw"],
])("a model that always knew the class refuses %o", (choice, message) => {
  const { manifest: told } = tinyArtifact({ ...settings, data });
  const plan = () => samplingPlan({ method: "euler", ...choice }, told);
  expect(plan).toThrow(UsageError);
  expect(plan).toThrow(message);
  const { manifest: classless } = tinyArtifact();
  expect(() => samplingPlan({ method: "euler", ...choice }, classless)).toThrow("this model has no classes");
});

test("guidance favours a class, not none", () => {
  const plan = () => samplingPlan({ method: "euler", class: "none", guidance: 2 }, manifest);
  expect(plan).toThrow("--guidance 2: expected a class to favour, got none");
});
