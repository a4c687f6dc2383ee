// The graphs as expressions: what an optimizer step may change, and what it must leave alone.
import { expect, test } from "bun:test";
import type { OptimizerEntry } from "../../lib/artifact/manifest.ts";
import { input } from "../../lib/author/graph/constant.ts";
import { mul } from "../../lib/author/graph/ops.ts";
import { optimizerOutputs, trainingOutputs } from "../../lib/author/graphs.ts";
import { Layout } from "../../lib/author/layout.ts";
import { ones, Parameters } from "../../lib/author/nn/parameters.ts";
import { evaluate, type Feeds } from "../support/evaluate.ts";

const p = new Parameters();
const [first, fixed, last, alsoFixed] = [
  p.get("first", [2], ones),
  p.frozen("fixed", [2], ones),
  p.get("last", [1], ones),
  p.frozen("alsoFixed", [1], ones),
];
const isTrained = [true, true, false, false, true, false];
const layout = new Layout(p.all());

const shared = {
  learningRate: 0.1,
  warmupSteps: 0,
  decay: "constant",
  totalSteps: 1,
  weightDecay: 0.5,
  clipNorm: null,
} as const;
const optimizers: OptimizerEntry[] = [
  { kind: "adamw", ...shared, slots: ["m", "v"], betas: [0.9, 0.999], epsilon: 1e-8 },
  { kind: "sgd", ...shared, slots: ["velocity"], momentum: 0.9 },
  {
    kind: "rmsprop",
    ...shared,
    slots: ["meanSquare", "velocity"],
    smoothing: 0.9,
    momentum: 0.5,
    epsilon: 1e-8,
  },
];

const params = [1, -2, 3, -4, 5, -6];
const vector = (data: number[]) => ({ data, shape: [data.length] });
const scalar = (value: number) => ({ data: [value], shape: [] });

test.each(optimizers.map((entry) => [entry.kind, entry] as const))(
  "%s with weight decay changes every trained parameter and no frozen one, whatever its gradient",
  (_, entry) => {
    const { params_next, ema_next } = optimizerOutputs(entry, layout);
    const feeds: Feeds = {
      ...Object.fromEntries(entry.slots.map((slot) => [slot, vector(Array(6).fill(0.3))])),
      params: vector(params),
      ema: vector(params),
      gradient: vector(Array(6).fill(0.1)),
      learning_rate: scalar(0.1),
      first_correction: scalar(0.1),
      second_correction: scalar(0.001),
      ema_decay: scalar(0.5),
    };
    for (const next of evaluate([params_next!.tensor, ema_next!.tensor], feeds))
      expect([...next].map((value, i) => value !== params[i])).toEqual(isTrained);
  },
);

test("the flat gradient is zero where parameters are frozen", () => {
  const x = input("x", [2]);
  const losses = mul(mul(mul(first!, fixed!), mul(last!, alsoFixed!)), x);
  const { gradient } = trainingOutputs(losses, p.all(), layout, (differentiated) => differentiated);
  const [flat] = evaluate([gradient.tensor], { params: vector(params), x: vector([1, 1]) });
  expect([...flat!].map((value) => value !== 0)).toEqual(isTrained);
});

test("a parameter is either trained or frozen", () => {
  expect(() => p.frozen("first", [2], ones)).toThrow("parameter first: expected either get or frozen");
  expect(() => p.get("first", [3], ones)).toThrow("parameter first: expected [2] as before, got [3]");
});
