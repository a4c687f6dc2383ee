// The bound as a loss: PyTorch's values and gradients, a mean that the hybrid leaves alone, and bins whose probabilities add up to 1.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { sum } from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { sampleLosses } from "../../../lib/author/graphs.ts";
import { objectives } from "../../../lib/author/objectives/index.ts";
import { openFamily } from "../../../lib/theory/family.ts";
import { levelInputs } from "../../../lib/theory/preconditioning.ts";
import { reverseInputs } from "../../../lib/theory/reverse-step.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";

type Name = "vlb" | "vlb-beta" | "vlb-posterior" | "hybrid";
type Kind = "images" | "points";

interface Golden {
  readonly steps: number;
  readonly times: readonly number[];
  readonly shape: readonly number[];
  readonly x: readonly number[];
  readonly z: readonly number[];
  /** Predicted noise and raw variances, [B,2,3,3]. */
  readonly answer: readonly number[];
  readonly cases: Record<Kind, Record<Name, { readonly loss: number[]; readonly gradient: number[] }>>;
}

const golden: Golden = JSON.parse(
  readFileSync(join(import.meta.dirname, "../../golden/improved-ddpm.json"), "utf8"),
);
const batch = golden.times.length;
const size = 9;
const shapes = { images: [1, 3, 3], points: [size] } as const;
const family = openFamily({
  preconditioning: "eps",
  weighting: "sigma-squared",
  schedule: { name: "cosine", steps: golden.steps },
});

/** What the host feeds for times of the chain, besides the samples. */
function levelsAt(times: readonly number[]): Feeds {
  const { schedule, preconditioning, weighting } = family;
  const each = times.map((t) => {
    const sigma = schedule.level(t);
    return {
      ...levelInputs(preconditioning, sigma, 1),
      ...reverseInputs(schedule, sigma),
      weight: weighting(sigma, 1),
    };
  });
  const names = Object.keys(each[0]!) as (keyof (typeof each)[0])[];
  const feed = (name: (typeof names)[number]) => ({
    data: each.map((level) => level[name]),
    shape: [times.length],
  });
  return Object.fromEntries(names.map((name) => [name, feed(name)]));
}

/** The losses of a network that answers the input `answer`, whatever it is asked. */
function lossesOf(name: Name, kind: Kind, count = batch) {
  const shape = shapes[kind];
  const answer = input("answer", [count, 2 * shape[0], ...shape.slice(1)]);
  const losses = sampleLosses({ network: () => answer, shape, classes: 0 }, objectives[name], count);
  return { losses, answer };
}

const feedsOf = (kind: Kind, answer: Tensor): Feeds => ({
  ...levelsAt(golden.times),
  x: { data: golden.x, shape: [batch, ...shapes[kind]] },
  z: { data: golden.z, shape: [batch, ...shapes[kind]] },
  answer: { data: golden.answer, shape: answer.shape },
});

const kinds = ["images", "points"] as const;
const all = kinds.flatMap((kind) =>
  (["vlb", "vlb-beta", "vlb-posterior", "hybrid"] as const).map((name) => [name, kind] as const),
);

/** By the largest value of its sample, so that what is nearly 0 need not have digits of its own. */
function expectClose(found: ArrayLike<number>, wanted: readonly number[], tolerance: number): void {
  const width = wanted.length / batch;
  for (let sample = 0; sample < batch; sample++) {
    const own = wanted.slice(sample * width, (sample + 1) * width);
    const largest = Math.max(...own.map(Math.abs));
    for (const [i, value] of own.entries())
      expect(Math.abs(found[sample * width + i]! - value)).toBeLessThanOrEqual(tolerance * largest);
  }
}

describe("losses and gradients are PyTorch's", () => {
  test.each(all)(
    "%s of %s, in float64 but for constants, which are float32, and as a graph",
    async (name, kind) => {
      const { losses, answer } = lossesOf(name, kind);
      const outputs = [losses, gradient(sum(losses), [answer])[0]!];
      const feeds = feedsOf(kind, answer);
      const wanted = golden.cases[kind][name];
      const exact = evaluate(outputs, feeds);
      const run = await runOnnx(outputs, feeds);
      for (const [i, values] of [wanted.loss, wanted.gradient].entries()) {
        expectClose(exact[i]!, values, 1e-6);
        expectClose(run[i]!, values, 2e-4);
      }
    },
  );
});

test.each(kinds)(
  "the hybrid's mean learns from noise prediction alone, its variances from the bound",
  (kind) => {
    const slope = (name: "hybrid" | "vlb" | "denoising") => {
      const shape = shapes[kind];
      const answer = input("answer", [batch, 2 * shape[0], ...shape.slice(1)]);
      const losses = sampleLosses({ network: () => answer, shape, classes: 0 }, objectives[name], batch);
      return evaluate([gradient(sum(losses), [answer])[0]!], feedsOf(kind, answer))[0]!;
    };
    const [hybrid, simple, bound] = [slope("hybrid"), slope("denoising"), slope("vlb")];
    const isMean = (at: number) => at % (2 * size) < size;
    for (const [at, value] of hybrid.entries()) {
      const wanted = isMean(at) ? simple[at]! : 5e-4 * bound[at]!;
      // The factor is a float32.
      expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-6 * Math.abs(wanted));
    }
    // The bound itself would move the mean.
    expect(bound.some((value, at) => isMean(at) && Math.abs(value) > 1)).toBe(true);
    expect(simple.every((value, at) => isMean(at) || value === 0)).toBe(true);
  },
);

test("at t = 1 the probabilities of a pixel's 256 values add up to 1, wherever mean and variance are", () => {
  const count = 256;
  const { losses, answer } = lossesOf("vlb", "images", count);
  const values = Array.from({ length: count }, (_, i) => i / 127.5 - 1);
  const each = (value: number) => new Float64Array(count * size).fill(value);
  const sigma = family.schedule.level(1);
  for (const [mean, raw] of [
    [0, -1],
    [0.3, 1],
    [-0.98, 3],
    [1.01, 0],
  ] as const) {
    // x + sigma z - sigma eps is the mean at which every sample arrives.
    const x = Float64Array.from({ length: count * size }, (_, at) => values[Math.floor(at / size)]!);
    const eps = x.map((value) => (value - mean) / sigma);
    const data = new Float64Array(2 * count * size);
    for (let i = 0; i < count; i++) {
      data.set(eps.subarray(i * size, (i + 1) * size), 2 * i * size);
      data.fill(raw, (2 * i + 1) * size, (2 * i + 2) * size);
    }
    const feeds = {
      ...levelsAt(Array<number>(count).fill(1)),
      x: { data: x, shape: [count, 1, 3, 3] },
      z: { data: each(0), shape: [count, 1, 3, 3] },
      answer: { data, shape: answer.shape },
    };
    const [nats] = evaluate([losses], feeds);
    const total = nats!.reduce((all, one) => all + Math.exp(-one / golden.steps), 0);
    expect(Math.abs(total - 1)).toBeLessThan(1e-6);
  }
});

test("a network that is far off has finite losses and gradients, as graphs in float32", async () => {
  for (const [name, kind] of all) {
    const { losses, answer } = lossesOf(name, kind);
    const outputs = [losses, gradient(sum(losses), [answer])[0]!];
    for (const [eps, raw] of [
      [1e3, 0],
      [-1e3, 4],
      [0, -5],
    ] as const) {
      const data = golden.answer.map((_, at) => (at % (2 * size) < size ? eps : raw));
      const feeds = { ...feedsOf(kind, answer), answer: { data, shape: answer.shape } };
      for (const values of await runOnnx(outputs, feeds)) expect(values.every(Number.isFinite)).toBe(true);
    }
  }
});
