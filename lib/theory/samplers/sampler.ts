// What a sampler is: a generator of coefficients, three numbers per evaluation of the denoiser.
import { UserError } from "../../errors.ts";

/** x <- a x + b D(x; sigma) + c z, with z drawn anew and D the denoiser. */
export interface Step {
  readonly sigma: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface SamplerOptions {
  /** The noise ladder, descending, without a final 0. */
  readonly sigmas: readonly number[];
  /** Steps at each level, for samplers that walk the ladder. */
  readonly stepsPerLevel: number;
  /** Steps in all, for samplers that stay at the ladder's last level. */
  readonly steps: number;
  /** eps: the Langevin step at the ladder's last level, for x + alpha score + sqrt(2 alpha) z. */
  readonly stepSize: number;
  /** Whether a last evaluation removes the remaining noise, x <- D(x; sigma). */
  readonly denoise: boolean;
}

export interface Sampler {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** Standard deviation of the noise to start from. */
  initialSigma(options: SamplerOptions): number;
  /** The steps in order; throws UserError when the step size makes them diverge. */
  steps(options: SamplerOptions): Generator<Step, void>;
  /** Evaluations of the network that `steps` will ask for. */
  nfe(options: SamplerOptions): number;
  /** Options with which `nfe` comes as near to the budget as the sampler can without exceeding it; throws UserError when too small. */
  fitBudget(options: SamplerOptions, budget: number): SamplerOptions;
}

/**
 * The Langevin step x + alpha score + sqrt(2 alpha) z with score = (D - x) / sigma^2 (Song & Ermon 2019, Eq. 4, whose
 * alpha is twice this one). Throws UserError when alpha >= 2 sigma^2, where the steps diverge.
 */
export function langevinStep(sigma: number, alpha: number): Step {
  const b = alpha / sigma ** 2;
  if (!(b > 0 && b < 2))
    throw new UserError(
      `langevin: expected a step size in (0, ${2 * sigma ** 2}) at sigma ${sigma}, got ${alpha}; larger steps diverge`,
    );
  return { sigma, a: 1 - b, b, c: Math.sqrt(2 * alpha) };
}

/** The noise-free last step x <- D(x; sigma), Tweedie's formula (Jolicoeur-Martineau et al. 2020, "expected denoised sample"). */
export const denoisingStep = (sigma: number): Step => ({ sigma, a: 0, b: 1, c: 0 });

/** The ladder's last level; throws UserError when the ladder is not positive and descending. */
export function lastLevel(sigmas: readonly number[]): number {
  const last = sigmas.at(-1);
  if (last === undefined || !(last > 0) || sigmas.some((sigma, i) => i > 0 && !(sigma < sigmas[i - 1]!)))
    throw new UserError(`sampler: expected noise levels that descend and stay above 0, got [${sigmas}]`);
  return last;
}

/** The evaluations that are left to a sampler after the final denoising; throws UserError when fewer than `least`. */
export function evaluationsLeft(options: SamplerOptions, budget: number, least: number): number {
  const last = Number(options.denoise);
  if (!Number.isInteger(budget) || budget < least + last)
    throw new UserError(`sampler: expected a budget of at least ${least + last} evaluations, got ${budget}`);
  return budget - last;
}

/** `count` levels of a ladder, first and last kept, evenly spaced in the logarithm; only levels the network was trained at. */
export function thinned(sigmas: readonly number[], count: number): readonly number[] {
  const stride = (sigmas.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => sigmas[Math.round(i * stride)]!);
}
