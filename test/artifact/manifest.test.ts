// The manifest is read back as it was written; another version and every inconsistency is refused in one line.
import { describe, expect, test } from "bun:test";
import { carriedShapes, type Manifest, parseManifest, stateNames } from "../../lib/artifact/manifest.ts";
import { UserError } from "../../lib/errors.ts";
import { tinyManifest } from "../support/tiny-manifest.ts";

/** A manifest's JSON, by default the tiny one's, with the value at a dotted path replaced. */
function altered(path: string, value: unknown, from: Manifest = tinyManifest): unknown {
  const json = structuredClone(from) as unknown;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  let at = json as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  at[last] = value;
  return json;
}

function refusal(json: unknown): string {
  try {
    parseManifest(json, "run/manifest.json");
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).toStartWith("run/manifest.json: ");
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("parseManifest: expected a refusal");
}

test("a manifest survives JSON", () => {
  expect(parseManifest(JSON.parse(JSON.stringify(tinyManifest)), "here")).toEqual(tinyManifest);
});

test("the states are the weights, their average and the optimizer's slots", () => {
  expect(stateNames(tinyManifest)).toEqual(["params", "ema", "m", "v"]);
});

test("a run that draws its times by their losses carries those", () => {
  const training = { kind: "loss-second-moment", steps: 9, history: 10, uniform: 0.001 } as const;
  const byLosses = { ...tinyManifest, noise: { ...tinyManifest.noise, training } };
  expect(parseManifest(JSON.parse(JSON.stringify(byLosses)), "here")).toEqual(byLosses);
  expect([...carriedShapes(byLosses)].slice(4)).toEqual([
    ["losses", [9, 10]],
    ["loss_counts", [9]],
  ]);
});

test("each optimizer has its own numbers", () => {
  const {
    betas: _betas,
    epsilon: _epsilon,
    ...shared
  } = tinyManifest.optimizer as Manifest["optimizer"] & {
    kind: "adamw";
  };
  const sgd = { ...shared, kind: "sgd", slots: ["velocity"], momentum: 0.9, clipNorm: null };
  expect(parseManifest(altered("optimizer", sgd), "here").optimizer).toEqual(sgd as Manifest["optimizer"]);
  expect(refusal(altered("optimizer", { ...sgd, kind: "adamw" }))).toContain("optimizer.betas");
});

test("another version says what it is, what is read, and what to do", () => {
  const message = refusal(altered("version", 1));
  expect(message).toContain("manifest version 1");
  expect(message).toContain("reads version 2");
  expect(message).toContain("bun scripts/author.ts");
  expect(refusal({ format: "langevin" })).toContain("version undefined");
});

describe("refused", () => {
  const cases: readonly [what: string, path: string, value: unknown, says: string][] = [
    ["another format", "format", "other", "not a langevin manifest"],
    ["an unknown key", "batches", 3, "batches"],
    ["a path as a graph's file", "graphs.eval.file", "../eval.onnx", "graphs.eval.file"],
    ["an absolute file", "graphs.eval.file", "/etc/passwd", "graphs.eval.file"],
    ["a backslash in a file", "graphs.step.file", "a\\b.onnx", "graphs.step.file"],
    ["dots in a file", "graphs.step.file", "a..onnx", "graphs.step.file"],
    [
      "a share of uniform draws above 1",
      "noise.training",
      { kind: "loss-second-moment", steps: 9, history: 10, uniform: 2 },
      "noise.training.uniform",
    ],
    ["a hidden file", "graphs.step.file", ".onnx", "graphs.step.file"],
    ["a folder outside", "model.folder", "..", "model.folder"],
    ["a ladder that rises", "noise.sigmas", [1, 0.1, 0.2], "0.1 then 0.2 at level 2"],
    ["a ladder with a repeated sigma", "noise.sigmas", [1, 1], "strictly descending"],
    ["a sigma of 0 that is not alone", "noise.sigmas", [1, 0], "noise.sigmas: expected 0"],
    ["no sigma", "noise.sigmas", [], "noise.sigmas"],
    ["a size of 0", "data.shape", [1, 0, 4], "data.shape.1"],
    ["images beyond 2^31", "data.shape", [2048, 1024, 1024], "fewer than 2^31"],
    ["a shape whose product overflows", "parameters.0.shape", [2 ** 40, 2 ** 40], "fewer than 2^31"],
    ["a fractional size", "parameters.0.shape", [1.5], "parameters.0.shape.0"],
    ["an overlap of parameters", "parameters.1.offset", 17, "conv_in.bias expected at offset 18, got 17"],
    ["a hole between parameters", "parameters.2.offset", 21, "expected at offset 20, got 21"],
    ["a total that is not the parameters'", "parameterCount", 28, "expected 27"],
    ["two parameters of one name", "parameters.1.name", "conv_in.weight", '"conv_in.weight" twice'],
    ["a slot that is the weights", "optimizer.slots", ["params"], '"params" twice'],
    ["a slot that is a path", "optimizer.slots", ["../m"], "optimizer.slots.0"],
    [
      "a state that replaces nothing",
      "graphs.step.outputs.0.of",
      "velocity",
      '"velocity", which is no state',
    ],
    ["a state of another shape", "graphs.step.outputs.0.shape", [3], "next_params is float32 [3]"],
    ["two inputs of one name", "graphs.eval.inputs.1.name", "params", '"params" twice'],
    ["a feed unknown here", "graphs.eval.inputs.1.feed", "dice", "graphs.eval.inputs.1.feed"],
    ["no sampling graph", "graphs.sampling", [], "graphs.sampling"],
    ["a learning rate that is no number", "optimizer.learningRate", "fast", "optimizer.learningRate"],
    ["hidden classes where there are none", "data.classes", 0, "expected classes that training can hide 0.1"],
    ["all classes hidden", "data.unconditional", 1, "data.unconditional"],
  ];
  test.each(cases)("%s", (_what, path, value, says) => {
    expect(refusal(altered(path, value))).toContain(says);
  });

  test.each([[null], [[]], ["text"], [7], [{}]])("%j in place of an object", (json) => {
    expect(refusal(json)).toContain("not a langevin manifest");
  });

  test("many problems: three are told, the rest counted", () => {
    const shapes = tinyManifest.parameters.map((each) => ({ ...each, shape: [-1], offset: -1 }));
    expect(refusal(altered("parameters", shapes))).toContain("(and 3 more)");
  });
});

describe("negatives", () => {
  const sampled = { dtype: "float32", shape: [2, 1, 4, 4] } as const;
  const { step, sampling } = tinyManifest.graphs;
  const { batch: _batch, ...langevin } = sampling[0]!;
  const withNegatives: Manifest = {
    ...tinyManifest,
    objective: "contrastive-divergence",
    negatives: {
      start: "persistent",
      steps: 20,
      stepsPerRun: 5,
      stepSize: 1,
      noise: 0.01,
      limit: 0.1,
      range: [-1, 1],
      prior: { kind: "uniform", bound: 1 },
      buffer: 100,
      restart: 0.05,
    },
    graphs: {
      ...tinyManifest.graphs,
      step: { ...step, inputs: [...step.inputs, { name: "negatives", ...sampled, feed: "negative" }] },
      negatives: { ...langevin, file: "negatives_model.onnx" },
    },
  };

  test("survive JSON, and a checkpoint holds the chains beside the flat vectors", () => {
    expect(parseManifest(JSON.parse(JSON.stringify(withNegatives)), "here")).toEqual(withNegatives);
    expect([...carriedShapes(tinyManifest).keys()]).toEqual(["params", "ema", "m", "v"]);
    expect([...carriedShapes(withNegatives)].slice(3)).toEqual([
      ["v", [27]],
      ["negatives", [100, 1, 4, 4]],
    ]);
  });

  const withoutPrior = { ...withNegatives.negatives, prior: undefined };
  const cases: readonly [what: string, path: string, value: unknown, says: string][] = [
    ["an unknown start", "negatives.start", "anywhere", "negatives.start"],
    ["persistent chains without a prior", "negatives", withoutPrior, "negatives.prior"],
    ["chains from the data with a prior", "negatives.start", "contrastive-divergence", "negatives"],
    ["steps that runs do not divide", "negatives.steps", 12, "a multiple of stepsPerRun 5, got 12"],
    ["a range that is none", "negatives.range", [1, 1], "negatives.range: expected low < high, got [1,1]"],
    ["a buffer below the batch", "negatives.buffer", 1, "expected at least the batch, 2, got 1"],
    ["a probability above 1", "negatives.restart", 1.5, "negatives.restart"],
    ["no settings", "negatives", undefined, "got no settings, a graph and 1 inputs"],
    ["no graph", "graphs.negatives", undefined, "graphs.negatives"],
    ["no input that they feed", "graphs.step", step, "got settings, a graph and 0 inputs"],
    ["a slot of the chains' name", "optimizer.slots", ["negatives"], '"negatives" twice'],
  ];
  test.each(cases)("%s: refused", (_what, path, value, says) => {
    expect(refusal(altered(path, value, withNegatives))).toContain(says);
  });
});

test("a diffusion and the times of its chain come together", () => {
  const diffusion = { kernel: "gaussian", steps: 40, firstBeta: 1e-4 } as const;
  const { step } = tinyManifest.graphs;
  const timed = {
    ...step,
    inputs: [...step.inputs, { name: "t", dtype: "int32", shape: [2], feed: "time" } as const],
  };
  const whole: Manifest = { ...tinyManifest, diffusion, graphs: { ...tinyManifest.graphs, step: timed } };
  expect(parseManifest(JSON.parse(JSON.stringify(whole)), "here")).toEqual(whole);
  const { diffusion: _, ...timesAlone } = whole;
  for (const [broken, got] of [
    [{ ...tinyManifest, diffusion }, "got a diffusion and 0 inputs"],
    [timesAlone, "got none and 1 inputs"],
    [{ ...whole, diffusion: { kernel: "binomial", steps: 1 } }, "diffusion.steps"],
    [{ ...whole, diffusion: { kernel: "binomial", steps: 40, firstBeta: 0.1 } }, "firstBeta"],
  ] as const)
    expect(() => parseManifest(broken, "here")).toThrow(got);
});
