// The exact score of a blurred Gaussian mixture as an expression: the oracle of densities whose score is known.
import type { GaussianMixture } from "../../theory/gaussian-mixture.ts";
import { constant } from "../graph/constant.ts";
import {
  add,
  div,
  log,
  matmul,
  max,
  maximum,
  mul,
  neg,
  reshape,
  slice,
  softmax,
  square,
  sub,
} from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Score } from "./objective.ts";

/**
 * s(x, sigma) = Σ_k r_k (S_k + sigma² I)⁻¹ (m_k - x) with r_k the posterior of component k, for x [B,...] of the mixture's D numbers and
 * sigma [B] (Vincent 2011, Eq. 9, summed over the data). The mixture's numbers become constants of the graph. Points need sigma > 0.
 * Differences are taken before they are squared, so that float32 stays within 1e-4 of the score at sigma = 0.01.
 */
export function mixtureScore(mixture: GaussianMixture): Score {
  const score = haveOneVariance(mixture) ? roundScore : turnedScore;
  return (x, sigma) => {
    const flat = reshape(x, [x.shape[0]!, mixture.dimensions]);
    return reshape(score(mixture, flat, square(reshape(sigma, [-1, 1]))), x.shape);
  };
}

/** The score at x [B,D] for noise of the given variance [B,1]. */
type FlatScore = (mixture: GaussianMixture, x: Tensor, noise: Tensor) => Tensor;

const haveOneVariance = ({ variances }: GaussianMixture) =>
  variances.every((value) => value === variances[0]);

/** One variance v for all: (Σ_k r_k m_k - x)/(v + sigma²), for which thousands of points take milliseconds. */
const roundScore: FlatScore = (mixture, x, noise) => {
  const { dimensions, count, means } = mixture;
  const variance = add(noise, mixture.variances[0]!);
  const squares = range(dimensions).map((d) =>
    square(
      sub(
        column(x, d),
        row(mixture, (k) => means[k * dimensions + d]!),
      ),
    ),
  );
  const shares = posterior(mixture, div(total(squares), mul(variance, -2)));
  return div(sub(matmul(shares, constant(Float32Array.from(means), [count, dimensions])), x), variance);
};

/** Every component along its own axes e: -Σ_k r_k Σ_e u_ke p_ke/v_ke with p_ke = u_keᵀ(x - m_k). */
const turnedScore: FlatScore = (mixture, x, noise) => {
  const { dimensions } = mixture;
  const axes = range(dimensions).map((e) => {
    const variance = add(
      noise,
      row(mixture, (k) => mixture.variances[k * dimensions + e]!),
    );
    const along = range(dimensions).map((d) => alongAxis(mixture, x, d, e));
    const place = total(along);
    return { e, pull: div(place, variance), energy: add(div(square(place), variance), log(variance)) };
  });
  const shares = posterior(mixture, mul(total(axes.map(({ energy }) => energy)), -0.5));
  return neg(total(axes.map(({ e, pull }) => matmul(mul(shares, pull), axis(mixture, e)))));
};

/** The part of u_keᵀ(x - m_k) that comes from coordinate d: [B,K]. */
const alongAxis = (mixture: GaussianMixture, x: Tensor, d: number, e: number) =>
  mul(
    sub(
      column(x, d),
      row(mixture, (k) => mixture.means[k * mixture.dimensions + d]!),
    ),
    row(mixture, (k) => axisEntry(mixture, k, d, e)),
  );

const axisEntry = ({ axes, dimensions }: GaussianMixture, k: number, d: number, e: number) =>
  axes ? axes[(k * dimensions + d) * dimensions + e]! : Number(d === e);

/** Axis e of every component, [K,D]. */
const axis = (mixture: GaussianMixture, e: number) => {
  const { count, dimensions } = mixture;
  const entries = range(count * dimensions).map((i) =>
    axisEntry(mixture, Math.floor(i / dimensions), i % dimensions, e),
  );
  return constant(Float32Array.from(entries), [count, dimensions]);
};

/** Shares below exp(-70) are 0 in float32 anyway, and as denormal numbers they would cost twice the time. */
const smallestExponent = -70;

/** r_k from log N_k, [B,K], given up to a term that all components have in common. */
function posterior(mixture: GaussianMixture, logDensities: Tensor): Tensor {
  const logits = add(
    logDensities,
    row(mixture, (k) => Math.log(mixture.weights[k]!)),
  );
  const below = sub(logits, max(logits, { axes: [1], keepdims: true }));
  return softmax(maximum(below, smallestExponent));
}

const column = (x: Tensor, d: number) => slice(x, { axis: 1, start: d, end: d + 1 });

/** A number per component, [1,K]. */
const row = ({ count }: GaussianMixture, value: (k: number) => number) =>
  constant(
    Float32Array.from({ length: count }, (_, k) => value(k)),
    [1, count],
  );

const range = (n: number) => [...Array(n).keys()];
const total = (parts: readonly Tensor[]) => parts.reduce((sum, part) => add(sum, part));
