// Gaussian mixtures whose density and score are known at every noise level: blurring adds sigma² to each variance.

import { UserError } from "../errors.ts";
import type { RandomStream } from "../random.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

interface Component {
  readonly weight: number;
  readonly mean: ArrayLike<number>;
  /** A variance along every axis, or a [D*D] matrix. */
  readonly covariance: number | ArrayLike<number>;
}

interface Parts {
  readonly weights: Float64Array;
  readonly means: Float64Array;
  readonly variances: Float64Array;
  readonly axes: Float64Array | undefined;
}

/** Below its leader by this factor, exp(-60), a component counts for nothing in float64, however many there are. */
const NEGLIGIBLE = -60;

/**
 * p(x) = sum_k w_k N(x; m_k, S_k + sigma² I): a Gaussian, a mixture, or, with variance 0, the points of a data set, blurred by
 * noise of standard deviation sigma. Methods throw when x has another length than D or sigma is negative.
 */
export class GaussianMixture {
  readonly dimensions: number;
  readonly count: number;
  /** [K], their sum is 1. */
  readonly weights: Float64Array;
  /** [K*D]. */
  readonly means: Float64Array;
  /** [K*D], along the axes; 0 for points. */
  readonly variances: Float64Array;
  /** [K*D*D], element (d,e) is coordinate d of a component's unit axis e; undefined for the coordinate axes. */
  readonly axes: Float64Array | undefined;

  // Of the sigma asked last: log w_k - 1/2 log det(2 pi (S_k + sigma² I)), and the inverse variances along the axes.
  private sigma = Number.NaN;
  private readonly offsets: Float64Array;
  private readonly precisions: Float64Array;
  // Scratch: the log of each component's share of p(x), and x - m_k along the axes.
  private readonly terms: Float64Array;
  private readonly local: Float64Array;

  private constructor({ weights, means, variances, axes }: Parts) {
    this.count = weights.length;
    this.dimensions = means.length / weights.length;
    this.weights = weights;
    this.means = means;
    this.variances = variances;
    this.axes = axes;
    this.offsets = new Float64Array(this.count);
    this.precisions = new Float64Array(means.length);
    this.terms = new Float64Array(this.count);
    this.local = new Float64Array(this.dimensions);
  }

  /** N(mean, covariance), the covariance as D*D numbers. Throws UserError when it is none. */
  static gaussian(mean: ArrayLike<number>, covariance: ArrayLike<number>): GaussianMixture {
    return GaussianMixture.of([{ weight: 1, mean, covariance }]);
  }

  /** The mixture of Gaussians with these weights, up to a common factor. Throws UserError when sizes, weights or covariances do not fit. */
  static of(components: readonly Component[]): GaussianMixture {
    const dimensions = components[0]?.mean.length ?? 0;
    const weights = normalised(components.map(({ weight }) => weight));
    const frames = components.map((component) => frame(component, dimensions));
    const turned = frames.some(({ axes }) => axes !== undefined);
    return new GaussianMixture({
      weights,
      means: Float64Array.from(components.flatMap(({ mean }) => Array.from(mean))),
      variances: Float64Array.from(frames.flatMap(({ variances }) => [...variances])),
      axes: turned
        ? Float64Array.from(frames.flatMap(({ axes }) => [...(axes ?? identity(dimensions))]))
        : undefined,
    });
  }

  /** The points [N*D] of a cloud with equal weights and no spread of their own. Throws UserError when they do not fill rows of finite numbers. */
  static points(cloud: ArrayLike<number>, dimensions: number): GaussianMixture {
    const means = Float64Array.from(cloud);
    const count = means.length / dimensions;
    if (!(Number.isInteger(count) && count > 0) || !means.every(Number.isFinite))
      throw new UserError(
        `mixture: expected rows of ${dimensions} finite coordinates, got ${means.length} numbers`,
      );
    const weights = new Float64Array(count).fill(1 / count);
    return new GaussianMixture({
      weights,
      means,
      variances: new Float64Array(means.length),
      axes: undefined,
    });
  }

  /** The mixture of the components that are kept, by their number. Throws UserError when none is. */
  restricted(keep: (k: number) => boolean): GaussianMixture {
    const { dimensions, means, variances, axes } = this;
    const kept = [...this.weights.keys()].filter(keep);
    const rows = (of: Float64Array, length: number) =>
      Float64Array.from(kept.flatMap((k) => [...of.subarray(k * length, (k + 1) * length)]));
    return new GaussianMixture({
      weights: normalised(kept.map((k) => this.weights[k]!)),
      means: rows(means, dimensions),
      variances: rows(variances, dimensions),
      axes: axes && rows(axes, dimensions ** 2),
    });
  }

  /** log p(x). Throws at sigma = 0 when a component has no spread along some axis. */
  logpdf(x: ArrayLike<number>, sigma = 0): number {
    const { terms } = this;
    const top = this.weigh(x, sigma);
    if (top === Number.NEGATIVE_INFINITY) return top;
    let sum = 0;
    for (let k = 0; k < terms.length; k++) if (terms[k]! - top > NEGLIGIBLE) sum += Math.exp(terms[k]! - top);
    return top + Math.log(sum);
  }

  /** The gradient of log p at x, [D]. Throws like logpdf. */
  score(x: ArrayLike<number>, sigma = 0): Float64Array {
    const { terms } = this;
    const score = new Float64Array(this.dimensions);
    const top = this.weigh(x, sigma);
    let sum = 0;
    for (let k = 0; k < terms.length; k++) {
      if (!(terms[k]! - top > NEGLIGIBLE)) continue;
      const share = Math.exp(terms[k]! - top);
      sum += share;
      this.addPull(score, k, x, share);
    }
    return score.map((value) => value / sum);
  }

  /** p(component k | x), [K]: which mode, or which point, x comes from. Throws like logpdf. */
  responsibilities(x: ArrayLike<number>, sigma = 0): Float64Array {
    const top = this.weigh(x, sigma);
    const shares = this.terms.map((term) => Math.exp(term - top));
    const sum = shares.reduce((a, b) => a + b);
    return shares.map((share) => share / sum);
  }

  /** One draw from the blurred density, [D]. */
  sample(random: RandomStream, sigma = 0): Float64Array {
    checkSigma(sigma);
    const { dimensions, means, variances, local } = this;
    const first = this.draw(random) * dimensions;
    for (let e = 0; e < dimensions; e++)
      local[e] = Math.sqrt(variances[first + e]! + sigma * sigma) * random.normal();
    const x = means.slice(first, first + dimensions);
    this.addTurned(x, first, 1);
    return x;
  }

  // A component by its weight: the first whose cumulative weight exceeds a uniform number.
  private draw(random: RandomStream): number {
    let rest = random.uint32() / 2 ** 32;
    for (let k = 0; k < this.count; k++) {
      rest -= this.weights[k]!;
      if (rest < 0) return k;
    }
    // Rounding left a little of the uniform number over.
    return this.weights.findLastIndex((weight) => weight > 0);
  }

  // Fills `terms` with log w_k N(x; m_k, S_k + sigma² I); returns the largest.
  private weigh(x: ArrayLike<number>, sigma: number): number {
    if (x.length !== this.dimensions)
      throw new Error(`mixture: expected a point of ${this.dimensions} coordinates, got ${x.length}`);
    if (sigma !== this.sigma) this.blur(sigma);
    const { dimensions, precisions, offsets, terms, local } = this;
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0, first = 0; k < terms.length; k++, first += dimensions) {
      this.locate(first, x);
      let square = 0;
      for (let e = 0; e < dimensions; e++) square += local[e]! * local[e]! * precisions[first + e]!;
      const term = offsets[k]! - square / 2;
      terms[k] = term;
      // Written so that a NaN in x reaches the result.
      if (!(term <= top)) top = term;
    }
    return top;
  }

  private blur(sigma: number): void {
    checkSigma(sigma);
    const { dimensions, count, weights, variances, precisions, offsets } = this;
    this.sigma = Number.NaN;
    let known = Number.NaN;
    let logarithm = 0;
    for (let k = 0, i = 0; k < count; k++) {
      let logDeterminant = 0;
      for (const end = i + dimensions; i < end; i++) {
        const variance = variances[i]! + sigma * sigma;
        // Points share one variance, and the logarithm costs more than all else.
        if (variance !== known) logarithm = logOf(variance);
        known = variance;
        precisions[i] = 1 / variance;
        logDeterminant += logarithm;
      }
      offsets[k] = Math.log(weights[k]!) - logDeterminant / 2;
    }
    this.sigma = sigma;
  }

  // x - m_k along the axes of the component whose numbers start at `first`.
  private locate(first: number, x: ArrayLike<number>): void {
    const { dimensions, means, axes, local } = this;
    if (axes === undefined) {
      for (let d = 0; d < dimensions; d++) local[d] = x[d]! - means[first + d]!;
      return;
    }
    local.fill(0);
    for (let d = 0; d < dimensions; d++) {
      const difference = x[d]! - means[first + d]!;
      const row = (first + d) * dimensions;
      for (let e = 0; e < dimensions; e++) local[e]! += axes[row + e]! * difference;
    }
  }

  // Adds share (S_k + sigma² I)^-1 (m_k - x).
  private addPull(out: Float64Array, k: number, x: ArrayLike<number>, share: number): void {
    const { dimensions, precisions, local } = this;
    const first = k * dimensions;
    this.locate(first, x);
    for (let e = 0; e < dimensions; e++) local[e]! *= precisions[first + e]!;
    this.addTurned(out, first, -share);
  }

  // Adds `factor` times the vector that `local` holds along a component's axes.
  private addTurned(out: Float64Array, first: number, factor: number): void {
    const { dimensions, axes, local } = this;
    for (let d = 0; d < dimensions; d++) {
      let coordinate = axes === undefined ? local[d]! : 0;
      const row = (first + d) * dimensions;
      if (axes) for (let e = 0; e < dimensions; e++) coordinate += axes[row + e]! * local[e]!;
      out[d]! += factor * coordinate;
    }
  }
}

function checkSigma(sigma: number): void {
  if (!(sigma >= 0 && sigma < Number.POSITIVE_INFINITY))
    throw new Error(`mixture: expected sigma >= 0 and finite, got ${sigma}`);
}

function logOf(variance: number): number {
  if (variance > 0) return Math.log(2 * Math.PI * variance);
  throw new Error("mixture: expected sigma > 0, got 0: points have no density until they are blurred");
}

function normalised(weights: readonly number[]): Float64Array {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (!(sum > 0 && Number.isFinite(sum) && weights.every((weight) => weight >= 0)))
    throw new UserError(`mixture: expected weights >= 0 that are not all 0, got [${weights}]`);
  return Float64Array.from(weights, (weight) => weight / sum);
}

function identity(dimensions: number): Float64Array {
  return Float64Array.from({ length: dimensions ** 2 }, (_, i) => (i % (dimensions + 1) === 0 ? 1 : 0));
}

interface Frame {
  readonly variances: Float64Array;
  readonly axes: Float64Array | undefined;
}

// The axes along which a component's coordinates are independent.
function frame({ mean, covariance }: Component, dimensions: number): Frame {
  if (mean.length !== dimensions || dimensions === 0 || !Array.from(mean).every(Number.isFinite))
    throw new UserError(
      `mixture: expected a mean of ${dimensions || "some"} finite coordinates, got [${Array.from(mean)}]`,
    );
  if (typeof covariance !== "number") return turnedFrame(covariance, dimensions);
  if (!(covariance >= 0 && Number.isFinite(covariance)))
    throw new UserError(`mixture: expected a variance >= 0, got ${covariance}`);
  return { variances: new Float64Array(dimensions).fill(covariance), axes: undefined };
}

function turnedFrame(covariance: ArrayLike<number>, dimensions: number): Frame {
  checkSymmetric(covariance, dimensions);
  const { values, vectors } = symmetricEigen(covariance, dimensions);
  const rounding = dimensions * 1e-14 * values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const least = values.reduce((a, b) => Math.min(a, b));
  if (least < -rounding)
    throw new UserError(
      `mixture: expected a covariance without negative eigenvalues, got one of ${least.toPrecision(3)}`,
    );
  const straight = vectors.every((value, i) => (i % (dimensions + 1) === 0 ? value === 1 : value === 0));
  return {
    // An eigenvalue that only rounding keeps from 0 is 0, so that a degenerate Gaussian is known as one.
    variances: values.map((value) => (value <= rounding ? 0 : value)),
    axes: straight ? undefined : vectors,
  };
}

function checkSymmetric(covariance: ArrayLike<number>, dimensions: number): void {
  const numbers = Array.from(covariance);
  if (numbers.length !== dimensions ** 2 || !numbers.every(Number.isFinite))
    throw new UserError(
      `mixture: expected a covariance of ${dimensions}x${dimensions} finite numbers, got ${numbers.length}${numbers.length === dimensions ** 2 ? " that are not all finite" : ""}`,
    );
  const scale = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  numbers.forEach((value, i) => {
    const [row, column] = [Math.floor(i / dimensions), i % dimensions];
    const mirrored = numbers[column * dimensions + row]!;
    if (Math.abs(value - mirrored) > 1e-9 * scale)
      throw new UserError(
        `mixture: expected a symmetric covariance, got ${value} in row ${row}, column ${column} and ${mirrored} across`,
      );
  });
}
