// What the objectives' tests share: losses over named inputs, random feeds of a known density, means with standard errors.

import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input, scalar } from "../../../lib/author/graph/constant.ts";
import {
  add,
  expand,
  log,
  matmul,
  mul,
  neg,
  perSample,
  square,
  sum,
  tanh,
} from "../../../lib/author/graph/ops.ts";
import type { Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import type { Energy, Objective, ReverseStep, Score } from "../../../lib/author/objectives/objective.ts";
import { type RandomStream, stream } from "../../../lib/random.ts";
import type { Value } from "../../support/evaluate.ts";

export interface Model {
  readonly score: Score;
  readonly oracle?: Score;
  readonly energy?: Energy;
}

/** The losses [B] of an objective on the inputs x [B,...], sigma [B] and whatever it draws, each by its name. */
export function lossesOf(objective: Objective, shape: Shape, { score, ...known }: Model): Tensor {
  const draws = Object.fromEntries(Object.keys(objective.draws).map((name) => [name, input(name, shape)]));
  const each = [shape[0]!];
  const sigma = input("sigma", each);
  const reverse = likeDenoising(score, sigma);
  const inputs = { x: input("x", shape), sigma, weight: expand(scalar(1), each), draws, reverse };
  return objective.loss(score, { ...inputs, ...known });
}

/** A step with both variances sigma⁴ and x_0 as its mean: the bound of one such step is the denoising objective. */
function likeDenoising(score: Score, sigma: Tensor): ReverseStep {
  const [one, none] = [1, 0].map((value) => expand(scalar(value), sigma.shape));
  const logVariance = mul(log(sigma), 4);
  return {
    denoised: (x) => add(x, mul(perSample(square(sigma), x), score(x, sigma))),
    fraction: (x) => mul(x, 0),
    terms: one!,
    c_x0: one!,
    decodes: none!,
    log_beta: logVariance,
    log_posterior: logVariance,
  };
}

export const scoreOfEnergy =
  (energy: Energy): Score =>
  (x, sigma) =>
    neg(gradient(sum(energy(x, sigma)), [x])[0]!);

/** A network [B,D] -> [B,D] of one hidden tanh layer, with the weights "w1" [D,H], "b1", "w2" [H,D] and "b2" as inputs. */
export function network(dimensions: number, hidden: number) {
  const weights = {
    w1: input("w1", [dimensions, hidden]),
    b1: input("b1", [hidden]),
    w2: input("w2", [hidden, dimensions]),
    b2: input("b2", [dimensions]),
  };
  const { w1, b1, w2, b2 } = weights;
  const score: Score = (x) => add(matmul(tanh(add(matmul(x, w1), b1)), w2), b2);
  return { weights: Object.values(weights), score };
}

type Sampler = (random: RandomStream) => ArrayLike<number>;

/** Rows of points [count,D], each from a stream of its own. */
export function rows(count: number, dimensions: number, purpose: string, sampler: Sampler): Value {
  const random = stream(11, purpose);
  const data = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) data.set(sampler(random), i * dimensions);
  return { data, shape: [count, dimensions] };
}

export const normals = (count: number, dimensions: number, purpose: string): Value =>
  rows(count, dimensions, purpose, (random) => Array.from({ length: dimensions }, () => random.normal()));

export const signs = (count: number, dimensions: number, purpose: string): Value =>
  rows(count, dimensions, purpose, (random) =>
    Array.from({ length: dimensions }, () => (random.integer(2) === 0 ? -1 : 1)),
  );

export const repeated = (values: readonly number[], count: number, shape: Shape = [count]): Value => ({
  data: Float64Array.from({ length: count * values.length }, (_, i) => values[i % values.length]!),
  shape,
});

export interface Estimate {
  readonly mean: number;
  /** The standard error of the mean. */
  readonly error: number;
}

/** The mean of every column of rows [N,width]. */
export function estimates(values: ArrayLike<number>, width = 1): Estimate[] {
  const count = values.length / width;
  return Array.from({ length: width }, (_, column) => {
    let [mean, squares] = [0, 0];
    for (let i = 0; i < count; i++) mean += values[i * width + column]! / count;
    for (let i = 0; i < count; i++) squares += (values[i * width + column]! - mean) ** 2;
    return { mean, error: Math.sqrt(squares / (count - 1) / count) };
  });
}

/** How many standard errors the mean is away from a value. */
export const distance = ({ mean, error }: Estimate, value = 0): number => Math.abs(mean - value) / error;
