// Every objective of the registry: its gradient vanishes at the true score, and elsewhere measures the distance to it.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import {
  add,
  div,
  matmul,
  mul,
  reshape,
  slice,
  softplus,
  square,
  sub,
  sum,
  tanh,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { silu } from "../../../lib/author/nn/activations.ts";
import { objectives } from "../../../lib/author/objectives/index.ts";
import { mixtureScore } from "../../../lib/author/objectives/mixture-score.ts";
import type { Energy, Objective, Score } from "../../../lib/author/objectives/objective.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import type { Value } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";
import { estimates, lossesOf, type Model, normals, repeated, rows, scoreOfEnergy, signs } from "./cases.ts";

const [batch, dimensions] = [20_000, 2];
const all = Object.entries<Objective>(objectives);

/** Theta has a row for every sample, so that one run gives the gradient of each: a scale, a shift [D] and a bend [D]. */
const theta = input("theta", [batch, 1 + 2 * dimensions]);
const [scale, shift, bend] = [
  [0, 1],
  [1, 3],
  [3, 5],
].map(([start, end]) => slice(theta, { axis: 1, start: start!, end: end! })) as [Tensor, Tensor, Tensor];

/** The true score and, with theta, others around it. */
const around =
  (truth: Score): Score =>
  (x, sigma) =>
    add(mul(add(scale, 1), truth(x, sigma)), add(shift, mul(bend, tanh(x))));

const mixture = GaussianMixture.of([
  { weight: 0.7, mean: [1, 0.5], covariance: [0.5, 0.2, 0.2, 0.4] },
  { weight: 0.3, mean: [-1, -0.5], covariance: 0.3 },
]);
const gaussian = { mean: 0.5, variance: 0.6 };

const sumOfSample = (x: Tensor) => sum(x, { axes: [1] });

/** A Gaussian's energy and, with theta, that of the same family: the integral of tanh is softplus(2x) - x. */
const energy: Energy = (x, sigma) => {
  const variance = reshape(add(square(sigma), gaussian.variance), [-1, 1]);
  const exact = div(square(sub(x, gaussian.mean)), mul(variance, 2));
  const others = add(mul(shift, x), mul(bend, sub(softplus(mul(x, 2)), x)));
  return sumOfSample(sub(mul(add(scale, 1), exact), others));
};

const gaussianScore: Score = (x, sigma) =>
  div(sub(gaussian.mean, x), reshape(add(square(sigma), gaussian.variance), [-1, 1]));

interface Case {
  readonly model: Model;
  /** Draws of the density at a noise level, of the model that theta makes of it. */
  readonly sample: (sigma: number, theta: readonly number[]) => (random: Random) => ArrayLike<number>;
}
type Random = Parameters<Parameters<typeof rows>[3]>[0];

const cases = {
  mixture: {
    model: { score: around(mixtureScore(mixture)), oracle: mixtureScore(mixture) },
    sample: (sigma) => (random) => mixture.sample(random, sigma),
  },
  energy: {
    model: { score: scoreOfEnergy(energy), energy, oracle: gaussianScore },
    sample: (sigma, [a, ...b]) => {
      const variance = (gaussian.variance + sigma ** 2) / (1 + a!);
      const mean = [0, 1].map((d) => gaussian.mean + b[d]! * variance);
      return (random) => mean.map((m) => m + Math.sqrt(variance) * random.normal());
    },
  },
} satisfies Record<string, Case>;

const caseOf = ({ needs }: Objective): Case => cases[needs === "energy" ? "energy" : "mixture"];

/** The gradient in theta of every sample's loss, at one theta and noise level, with fixed random numbers. */
async function gradients(
  objective: Objective,
  sigma: number,
  at: readonly number[],
  { model, sample } = caseOf(objective),
): Promise<Float64Array> {
  const feed: Record<Objective["draws"][string], (name: string) => Value> = {
    normal: (name) => normals(batch, dimensions, name),
    rademacher: (name) => signs(batch, dimensions, name),
    uniform: (name) => rows(batch, dimensions, name, (random) => [random.uniform(), random.uniform()]),
    negative: (name) => rows(batch, dimensions, name, sample(sigma, at)),
  };
  const draws = Object.entries(objective.draws).map(([name, kind]) => [name, feed[kind](name)] as const);
  const feeds = {
    theta: repeated(at, batch, theta.shape),
    x: rows(batch, dimensions, "data", sample(0, [0, 0, 0])),
    sigma: repeated([sigma], batch),
    ...Object.fromEntries(draws),
  };
  const losses = lossesOf(objective, [batch, dimensions], model);
  return (await runOnnx(gradient(sum(losses), [theta]), feeds))[0]!;
}

/** Five standard errors: 1 in 2 million for each of about 200 numbers, with fixed seeds. */
const far = 5;
/** What an entry adds on purpose: the regularisation of energies, 2a·E·∇E on either side. */
const intended: Partial<Record<string, number>> = { "contrastive-divergence": 0.02 };

const levels = ({ clean }: Objective) => (clean ? [0, 0.4] : [0.4]);
const everyLevel = all.flatMap(([name, objective]) =>
  levels(objective).map((sigma) => [name, sigma, objective] as const),
);

describe("the gradient vanishes at the true score, and points away from it elsewhere", () => {
  test.each(everyLevel)("%s at sigma %d", async (name, sigma, objective) => {
    const still = estimates(await gradients(objective, sigma, [0, 0, 0, 0, 0]), 5);
    for (const { mean, error } of still)
      expect(Math.abs(mean)).toBeLessThanOrEqual(far * error + (intended[name] ?? 0));

    const wrong = [0.4, 0.3, -0.3, 0, 0];
    const moved = await gradients(objective, sigma, wrong);
    const along = estimates(alongTheta(moved, wrong))[0]!;
    expect(along.mean).toBeGreaterThan(0.05);
    expect(along.mean / along.error).toBeGreaterThan(2 * far);
  });

  // The score is linear in theta, so gradient · theta is E‖s - s*‖²/D for whatever is the Fisher divergence up to a constant.
  const fisher = everyLevel.filter(([name]) => name !== "contrastive-divergence");
  test.each(fisher)("%s at sigma %d measures the Fisher divergence", async (_, sigma, objective) => {
    const at = [0.2, 0.3, -0.3, 0.2, 0.1];
    const known = caseOf(objective);
    const wanted = alongTheta(await gradients(objectives.explicit, sigma, at, known), at);
    const got = alongTheta(await gradients(objective, sigma, at, known), at);
    const [difference] = estimates(got.map((value, i) => value - wanted[i]!));
    expect(Math.abs(difference!.mean)).toBeLessThan(far * difference!.error + 1e-6);
  });
});

/** Every sample's gradient times theta. */
const alongTheta = (rowsOfGradient: Float64Array, at: readonly number[]): Float64Array =>
  Float64Array.from({ length: batch }, (_, i) =>
    at.reduce((total, value, j) => total + value * rowsOfGradient[i * at.length + j]!, 0),
  );

describe("the stated number of backward passes", () => {
  const sizes = { D: 3, H: 8 };
  const [x, middle] = [input("x", [4, sizes.D]), input("middle", [sizes.H, sizes.H])];
  const first = input("first", [sizes.D, sizes.H]);
  const hidden = (at: Tensor) => silu(matmul(silu(matmul(at, first)), middle));

  /** What a middle layer's weight costs: how often anything is multiplied by it, forwards and backwards. */
  const products = (graph: readonly Tensor[]) => {
    const isWeight = (node: Tensor): boolean =>
      node === middle || (node.inputs.length > 0 && node.inputs.every((child) => isWeight(child)));
    return topological(graph).filter(({ op, inputs }) => op === "MatMul" && isWeight(inputs[1]!)).length;
  };

  test.each(all)("%s", (_, objective) => {
    const last = input("last", [sizes.H, objective.needs === "energy" ? 1 : sizes.D]);
    const seen = new Set<Tensor>();
    const run = (at: Tensor) => {
      seen.add(at);
      return matmul(hidden(at), last);
    };
    const energyOf: Energy = (at) => reshape(run(at), [-1]);
    const model =
      objective.needs === "energy" ? { score: scoreOfEnergy(energyOf), energy: energyOf } : { score: run };
    const losses = lossesOf(objective, x.shape, { oracle: (at) => at, ...model });
    const passes = products(gradient(sum(losses), [first, middle, last])) - seen.size;
    expect(passes).toBe(stated(objective.backwardPasses, sizes.D));
  });

  /** "3", or "2D + 1" with a number for D. */
  function stated(text: string, D: number): number {
    const [, perDimension, rest] = /^(?:(\d+)D \+ )?(\d+)$/.exec(text)!;
    return Number(perDimension ?? 0) * D + Number(rest);
  }
});
