// Noise ladder and step size for a data set, by NCSNv2's techniques 1, 2 and 4.
import { UserError } from "../errors.ts";
import { balance, balancedStep } from "./langevin-step.ts";
import { geometricSigmas, ladderRatio, levels, maxPairwiseDistance } from "./noise-ladder.ts";

export interface SuggestOptions {
  /** The last noise level; 0.02 on data in [-1, 1] is the papers' 0.01 on data in [0, 1]. */
  readonly sigmaMin: number;
  /** The overlap C of neighbouring levels, 0.5 in the paper. */
  readonly overlap: number;
  /** Langevin steps per level that sampling will take. */
  readonly stepsPerLevel: number;
  /** A number of levels instead of what the overlap asks for. */
  readonly levels?: number | undefined;
}

const suggestDefaults: SuggestOptions = { sigmaMin: 0.02, overlap: 0.5, stepsPerLevel: 5 };

export interface Suggestion {
  readonly sigmaMax: number;
  readonly sigmaMin: number;
  readonly levels: number;
  /** The ratio of the ladder as rounded to a whole number of levels. */
  readonly gamma: number;
  readonly sigmas: readonly number[];
  readonly stepsPerLevel: number;
  /** eps of the last level, for steps x + alpha score + sqrt(2 alpha) z. */
  readonly stepSize: number;
  readonly balance: number;
  readonly dataMean: number;
  readonly dataStd: number;
}

/**
 * The ladder, step size and moments for `count` samples of `dimensions` numbers each, one after another in `samples`.
 * Throws UserError when there are fewer than two samples, or all are equal (Song & Ermon 2020, Algorithm 1 and section 3).
 */
export function suggest(
  samples: Float32Array,
  count: number,
  dimensions: number,
  options: Partial<SuggestOptions> = {},
): Suggestion {
  const { sigmaMin, ...rest } = { ...suggestDefaults, ...options };
  if (count < 2 || samples.length !== count * dimensions)
    throw new UserError(
      `suggest: expected at least 2 samples of ${dimensions} numbers, got ${samples.length} numbers as ${count} samples`,
    );
  const sigmaMax = maxPairwiseDistance(samples, dimensions);
  if (!(sigmaMax > sigmaMin))
    throw new UserError(
      `suggest: expected samples further apart than sigma min ${sigmaMin}, the largest distance is ${sigmaMax}; are they all the same?`,
    );
  return {
    ...ladderFor({ sigmaMax, sigmaMin, dimensions, ...rest }),
    ...moments(samples),
  };
}

function ladderFor(given: SuggestOptions & { readonly sigmaMax: number; readonly dimensions: number }) {
  const { sigmaMax, sigmaMin, stepsPerLevel } = given;
  const count = given.levels ?? levels(sigmaMax, sigmaMin, given.dimensions, given.overlap);
  const gamma = ladderRatio(sigmaMax, sigmaMin, count);
  const setting = { sigmaMin, gamma, stepsPerLevel };
  const stepSize = balancedStep(setting);
  const sigmas = geometricSigmas(sigmaMax, sigmaMin, count);
  return { ...setting, sigmaMax, levels: count, sigmas, stepSize, balance: balance(stepSize, setting) };
}

/** Mean and standard deviation over all numbers of all samples. */
export function moments(samples: Float32Array): { dataMean: number; dataStd: number } {
  const dataMean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
  const variance = samples.reduce((sum, x) => sum + (x - dataMean) ** 2, 0) / samples.length;
  return { dataMean, dataStd: Math.sqrt(variance) };
}
