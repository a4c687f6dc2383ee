// The wrong formulas of the project's source documents, by their labels: each fails where the right one holds.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { constant, input, scalar } from "../../../lib/author/graph/constant.ts";
import {
  abs,
  add,
  div,
  exp,
  expand,
  mul,
  neg,
  perSample,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  tanh,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { contrastiveDivergence } from "../../../lib/author/objectives/contrastive-divergence.ts";
import { denoising } from "../../../lib/author/objectives/denoising.ts";
import { explicit } from "../../../lib/author/objectives/explicit.ts";
import { implicit } from "../../../lib/author/objectives/implicit.ts";
import { quadraticForm } from "../../../lib/author/objectives/jacobian.ts";
import { mixtureScore } from "../../../lib/author/objectives/mixture-score.ts";
import type { Energy, Objective, ObjectiveInputs, Score } from "../../../lib/author/objectives/objective.ts";
import { meanOverSample, perturb } from "../../../lib/author/objectives/perturb.ts";
import { sliced } from "../../../lib/author/objectives/sliced.ts";
import { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import { evaluate, type Feeds, type Value } from "../../support/evaluate.ts";
import { lossesOf, repeated } from "./cases.ts";

// Expectations over a mixture in one dimension and over normal noise are sums over a grid.
const sigma = 0.7;
const mixture = GaussianMixture.of([
  { weight: 0.7, mean: [1], covariance: 0.25 },
  { weight: 0.3, mean: [-1], covariance: 0.5 },
]);
const grid = (from: number, to: number, count: number) =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
const [xs, zs] = [grid(-6, 6, 61), grid(-5, 5, 41)];
const nodes = xs.flatMap((x) => zs.map((z) => ({ x, z, mass: Math.exp(mixture.logpdf([x]) - (z * z) / 2) })));
const mass = nodes.reduce((total, node) => total + node.mass, 0);
const batch = nodes.length;
const column = (values: readonly number[]): Value => ({ data: values, shape: [batch, 1] });
const feeds: Feeds = {
  x: column(nodes.map(({ x }) => x)),
  z: column(nodes.map(({ z }) => z)),
  projection: repeated([1], batch, [batch, 1]),
  sigma: repeated([sigma], batch),
};
const probability = constant(Float32Array.from(nodes, (node) => node.mass / mass));
const expectation = (values: Tensor): Tensor => sum(mul(probability, values));
const perPoint = (x: Tensor) => reshape(x, [batch]);

const truth = mixtureScore(mixture);
const [a, b] = [input("a", []), input("b", [])];
/** Scores around the true one, which a = b = 0 gives. */
const score: Score = (x, at) => add(mul(add(a, 1), truth(x, at)), b);
const place = (values: readonly [number, number]) => ({
  a: { data: [values[0]], shape: [] },
  b: { data: [values[1]], shape: [] },
});
const right: readonly [number, number] = [0, 0];
const wrongScore: readonly [number, number] = [0.3, 0.2];

const losses = (objective: Objective, s: Score = score) =>
  lossesOf(objective, [batch, 1], { score: s, oracle: truth });
const number = (tensor: Tensor, at = right) => evaluate([tensor], { ...feeds, ...place(at) })[0]![0]!;
/** The length of the expected loss's gradient in a and b. */
const slope = (objective: Objective, at = right) => {
  const [da, db] = gradient(expectation(losses(objective)), [a, b]);
  return Math.hypot(number(da!, at), number(db!, at));
};

/** A loss of the drawn noise and the score there. */
type Formula = (
  s: Tensor,
  at: {
    readonly x: Tensor;
    readonly noisy: Tensor;
    readonly z: Tensor;
    readonly level: Tensor;
    readonly truth: Tensor;
    readonly score: (x: Tensor) => Tensor;
  },
) => Tensor;
const formula = (loss: Formula): Objective => ({
  ...denoising,
  loss(score, { x, sigma, draws }: ObjectiveInputs) {
    const z = draws.z!;
    const noisy = perturb(x, sigma, z);
    const level = perSample(sigma, x);
    const at = {
      x,
      noisy,
      z,
      level,
      truth: truth(noisy, sigma),
      score: (place: Tensor) => score(place, sigma),
    };
    return meanOverSample(loss(score(noisy, sigma), at));
  },
});
const half = (x: Tensor) => mul(square(x), 0.5);

/** The density of the blurred data, for a formula that takes its gradient for that of its logarithm. */
function density(x: Tensor, level: Tensor): Tensor {
  const [first, second] = [0, 1].map((k) => {
    const variance = add(square(level), mixture.variances[k]!);
    const bell = exp(neg(div(square(sub(x, mixture.means[k]!)), mul(variance, 2))));
    return div(mul(bell, mixture.weights[k]!), sqrt(mul(variance, 2 * Math.PI)));
  });
  return add(first!, second!);
}

const trace = (s: Tensor, x: Tensor) => reshape(quadraticForm(s, x, ones), [batch, 1]);
const ones = expand(scalar(1), [batch, 1]);
const plainSliced = sliced("Rademacher", "projected");

const formulas: Record<string, { readonly wrong: Objective; readonly right: Objective }> = {
  "000-e: the score is -eps/sigma, not the noise": {
    wrong: formula((s, { z }) => half(sub(s, z))),
    right: denoising,
  },
  "001-c, 001-e, 004-h: the target is -z/sigma, as from exp(-‖x̃ - x‖²/2sigma²)": {
    wrong: formula((s, { z, level }) => half(sub(s, div(z, level)))),
    right: denoising,
  },
  "001-d: it is -(x̃ - x)/sigma², not over sigma": {
    wrong: formula((s, { z }) => half(add(s, z))),
    right: denoising,
  },
  "001-e: the norm is squared": {
    wrong: formula((s, { z, level }) => abs(add(s, div(z, level)))),
    right: denoising,
  },
  "002-a: plus the trace": {
    wrong: formula((s, { noisy }) => sub(half(s), trace(s, noisy))),
    right: implicit,
  },
  "002-b: x̃ - x, not x̃ + x": {
    wrong: formula((s, { x, noisy, level }) => half(add(s, div(add(noisy, x), square(level))))),
    right: denoising,
  },
  "002-c: the gradient of log q, not of q": {
    wrong: formula((s, { noisy, level, truth }) => half(sub(s, mul(density(noisy, level), truth)))),
    right: explicit,
  },
  "002-d: the score at x̃, not at x": {
    wrong: formula((_, { x, z, level, score }) => half(add(score(x), div(z, level)))),
    right: denoising,
  },
  "004-j: no square around the sliced objective": {
    wrong: formula((s, { noisy }) => square(add(trace(s, noisy), half(s)))),
    right: plainSliced,
  },
};

describe("at the true score the right loss is stationary and the wrong one is not", () => {
  test.each(Object.entries(formulas))("%s", (_, { wrong, right }) => {
    expect(slope(right)).toBeLessThan(1e-4);
    expect(slope(right, wrongScore)).toBeGreaterThan(0.1);
    expect(slope(wrong)).toBeGreaterThan(0.02);
  });
});

test("the density in 002-c is that of the mixture", () => {
  const [got] = evaluate(
    [density(constant(Float32Array.of(0.3), [1, 1]), constant(Float32Array.of(sigma), [1, 1]))],
    {},
  );
  expect(got![0]).toBeCloseTo(Math.exp(mixture.logpdf([Math.fround(0.3)], sigma)), 6);
});

test("000-a: the loss of an energy is E_data E - E_model E; its negative unlearns", () => {
  // E = a·x²/2 is N(0, 1/a), and two points ±√v have the moments of N(0, v).
  const precision = input("precision", []);
  const energy: Energy = (x) => reshape(mul(half(x), precision), [2]);
  const loss = sum(lossesOf(contrastiveDivergence(0), [2, 1], { score: (x) => x, energy }));
  const [at, data] = [2, 1.5];
  const pair = (variance: number): Value => ({
    data: [1, -1].map((v) => v * Math.sqrt(variance)),
    shape: [2, 1],
  });
  const state = {
    x: pair(data),
    negatives: pair(1 / at),
    z: repeated([0], 2, [2, 1]),
    sigma: repeated([0], 2),
  };
  const [[descent]] = evaluate(gradient(loss, [precision]), {
    ...state,
    precision: { data: [at], shape: [] },
  }) as [Float64Array];
  const negativeLogLikelihood = (a: number) => (a * data - Math.log(a) + Math.log(2 * Math.PI)) / 2;
  expect(negativeLogLikelihood(at - 0.1 * descent!)).toBeLessThan(negativeLogLikelihood(at) - 0.01);
  expect(negativeLogLikelihood(at + 0.1 * descent!)).toBeGreaterThan(negativeLogLikelihood(at) + 0.01);
});

const noisy = perturb(input("x", [batch, 1]), input("sigma", [batch]), input("z", [batch, 1]));
const trueScore = truth(noisy, input("sigma", [batch]));

test.each([
  ["tanh x", tanh(noisy)],
  ["the score of N(0, 1)", neg(noisy)],
  ["the score itself", trueScore],
])("000-b, 004-g: E[s · s_data] = -E[∇s], with the minus, for s = %s", (_, s) => {
  const product = number(expectation(perPoint(mul(s, trueScore))));
  const divergence = number(expectation(perPoint(trace(s, noisy))));
  expect(product).toBeCloseTo(-divergence, 5);
  expect(Math.abs(product - divergence)).toBeGreaterThan(0.1);
});

test("000-c: the Fisher divergence is the implicit objective plus 1/2 E‖s_data‖², which is not 0", () => {
  const constantTerm = number(expectation(perPoint(half(trueScore))));
  expect(constantTerm).toBeGreaterThan(0.1);
  for (const at of [right, wrongScore]) {
    const [fisher, loss] = [explicit, implicit].map((objective) =>
      number(expectation(losses(objective)), at),
    );
    expect(fisher! - loss!).toBeCloseTo(constantTerm, 5);
  }
  expect(number(expectation(losses(implicit)))).toBeLessThan(-0.1);
});

test("001-f: the score points against the added noise, E[s · z] = -sigma E‖s‖²", () => {
  const along = number(expectation(perPoint(mul(trueScore, input("z", [batch, 1])))));
  expect(along).toBeCloseTo(-2 * sigma * number(expectation(perPoint(half(trueScore)))), 5);
  expect(along).toBeLessThan(-0.1);
});

test("004-i: the distance between two q's teaches the network nothing", () => {
  const betweenDensities = formula((_, { z, level, truth }) => half(add(truth, div(z, level))));
  expect(slope(betweenDensities, wrongScore)).toBe(0);
  expect(slope(denoising, wrongScore)).toBeGreaterThan(0.1);
});

test("004-k: a lost factor 1/2 scales the gradient and leaves the minimum where it is", () => {
  const doubled = formula((s, { z, level }) => square(add(s, div(z, level))));
  expect(slope(doubled)).toBeLessThan(1e-4);
  expect(slope(doubled, wrongScore) / slope(denoising, wrongScore)).toBeCloseTo(2, 6);
});
