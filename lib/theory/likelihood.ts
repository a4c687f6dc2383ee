// Log-likelihoods by the probability-flow ODE, in VE coordinates and relative to the flow of Gaussian data.
import type { Schedule } from "./schedules/schedule.ts";
import { dormandPrince } from "./solvers/dormand-prince.ts";
import type { DivergenceField } from "./traces.ts";

export interface LikelihoodOptions {
  readonly field: DivergenceField;
  /** The samples, [n*D]. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  readonly sigmaMin: number;
  readonly sigmaMax: number;
  /** Standard deviation of the data. */
  readonly sigmaData: number;
  /** The error of a step that is accepted, in units of sigmaData; 1e-5 unless chosen. */
  readonly tolerance?: number | undefined;
}

export interface LikelihoodProgress {
  /** log p(x; sigmaMin) in nats of the samples that have arrived, [n]; NaN of the others. */
  readonly logDensities: Float64Array;
  /** Evaluations of the field for each sample so far, [n]. */
  readonly nfe: Float64Array;
  /** How far the last one is, 0 to 1. */
  readonly done: number;
}

/** The levels between which a model's likelihood is integrated: all that its training knows (Song et al. 2021, appendix D.2). */
export const likelihoodRange = ({ level, tMin, tMax }: Schedule) => ({
  sigmaMin: level(tMin),
  sigmaMax: level(tMax),
});

/**
 * The standard deviation of the prior in VE coordinates, that of the data blurred by the last level. The papers' priors are
 * N(0, sigmaMax²) for VE and N(0, I) in x_t for VP, here of variance 1 + sigmaMax² (Song et al. 2021, appendix C); where
 * sigmaMax is much larger than the data all three are the same, and where it is not, this one is right.
 */
export const priorStd = (sigmaMax: number, sigmaData: number): number => Math.hypot(sigmaMax, sigmaData);

/**
 * log p of samples, in nats, of the model's data blurred by sigmaMin; yields after every step of the adaptive solver. Along
 * dx/dsigma = (x - D)/sigma the density changes by d log p/dsigma = -(D - tr dD/dx)/sigma, of which D is the dimension (Chen et al. 2018,
 * Eq. 8; Song et al. 2021, Eq. 39). Of Gaussian data N(0, sigmaData²) all that is known: paths are those of
 * y = x / hypot(sigma, sigmaData) over ln sigma, dy/dln sigma = (c_skip x - D) / hypot(sigma, sigmaData), which hardly move
 * where noise or data prevail. Throws UserError when steps shrink to nothing.
 */
export async function* logLikelihoods(options: LikelihoodOptions): AsyncGenerator<LikelihoodProgress, void> {
  const { x, dimensions, sigmaMin, sigmaMax, sigmaData, tolerance = 1e-5 } = options;
  const scale = (sigma: number): number => priorStd(sigma, sigmaData);
  const count = x.length / dimensions;
  const start = Array.from(x, (value) => value / scale(sigmaMin));
  const logDensities = new Float64Array(count).fill(Number.NaN);
  const nfe = new Float64Array(count);
  const [from, to] = [Math.log(sigmaMin), Math.log(sigmaMax)];
  const solution = dormandPrince({
    derivative: flow(options),
    x: withIntegral(start, dimensions),
    dimensions: dimensions + 1,
    from,
    to,
    relativeTolerance: tolerance,
    absoluteTolerance: tolerance,
  });
  for await (const { x: states, t, evaluations } of solution) {
    for (let i = 0; i < count; i++) {
      if (!Number.isNaN(logDensities[i]!)) continue;
      nfe[i] = evaluations;
      if (t[i] !== to) continue;
      const state = states.subarray(i * (dimensions + 1), (i + 1) * (dimensions + 1));
      logDensities[i] =
        logNormal(state.subarray(0, -1)) + state.at(-1)! - dimensions * Math.log(scale(sigmaMin));
    }
    yield { logDensities, nfe, done: (Math.min(...t) - from) / (to - from) };
  }
}

/** The integral of the divergence is one more coordinate of each sample, 0 at first. */
function withIntegral(points: ArrayLike<number>, dimensions: number): Float64Array {
  const states = new Float64Array((points.length / dimensions) * (dimensions + 1));
  for (let at = 0; at < points.length; at++) states[at + Math.floor(at / dimensions)] = points[at]!;
  return states;
}

/** d(y, integral)/d ln sigma. */
function flow({ field, dimensions, sigmaData }: LikelihoodOptions) {
  const size = dimensions + 1;
  return async (states: Float64Array, logSigmas: Float64Array): Promise<Float64Array> => {
    const sigmas = logSigmas.map(Math.exp);
    const scales = sigmas.map((sigma) => priorStd(sigma, sigmaData));
    const samples = Array.from(sigmas, (_, i) => i);
    const x = new Float64Array(sigmas.length * dimensions);
    for (let at = 0; at < x.length; at++) {
      const i = Math.floor(at / dimensions);
      x[at] = states[at + i]! * scales[i]!;
    }
    const { denoised, divergence } = await field({ x, sigmas, samples });
    const slopes = new Float64Array(states.length);
    for (const i of samples) {
      const skip = (sigmaData / scales[i]!) ** 2;
      for (let d = 0; d < dimensions; d++) {
        const at = i * dimensions + d;
        slopes[i * size + d] = (skip * x[at]! - denoised[at]!) / scales[i]!;
      }
      slopes[i * size + dimensions] = dimensions * skip - divergence[i]!;
    }
    return slopes;
  };
}

/** log N(y; 0, I). */
const logNormal = (y: Float64Array): number =>
  y.reduce((sum, value) => sum - (value ** 2 + Math.log(2 * Math.PI)) / 2, 0);

/**
 * -log p in bits per dimension; with a width, of the probability of a bin of that width in each dimension: for images in
 * [-1, 1], whose 256 values are 2/256 apart, 7 more than that of the density (Song et al. 2021, in code).
 */
export const bitsPerDimension = (logDensity: number, dimensions: number, binWidth = 1): number =>
  -(logDensity / dimensions + Math.log(binWidth)) / Math.LN2;
