// What a sampler is: a generator of coefficients, three numbers per evaluation of the denoiser.
import { UserError } from "../../errors.ts";
import { scoreUnit } from "../score-unit.ts";
import { type Diffusion, exploding } from "./diffusion.ts";

/** x <- a x + b D(x; sigma) + c z, with z drawn anew and D the denoiser, or x + score at sigma 0. */
export interface Step {
  readonly sigma: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** The noise is c e^(w v) z for networks that learned v, where log variances lie between their two bounds; 0 unless given. */
  readonly w?: number;
}

export interface SamplerOptions {
  /** The noise ladder, descending, without a final 0; [0] alone where the score is that of the data without noise. */
  readonly sigmas: readonly number[];
  /** Steps at each level, for samplers that walk the ladder. */
  readonly stepsPerLevel: number;
  /** Steps in all, for samplers that stay at the ladder's last level. */
  readonly steps: number;
  /** eps: the Langevin step at the ladder's last level, for x + alpha score + sqrt(2 alpha) z. */
  readonly stepSize: number;
  /** Whether the user chose `stepSize`; else it is the model's own, which samplers with a better one replace. */
  readonly stepChosen?: boolean;
  /** Standard deviation of the data, for samplers that start beside them. */
  readonly sigmaData: number;
  /** Whether a last evaluation removes the remaining noise, x <- D(x; sigma). */
  readonly denoise: boolean;
  /** DDIM's share, 0..1, of the ancestral step's noise; 0 unless chosen. */
  readonly eta?: number | undefined;
  /** The noise of an ancestral step: the posterior's variance (beta~ of DDPM) unless chosen, the forward step's (beta), or between them. */
  readonly variance?: "posterior" | "forward" | "learned" | undefined;
  /** The model's schedule, for steps that depend on its own coordinates; without one, variance exploding at a constant rate. */
  readonly schedule?: Diffusion | undefined;
}

/** What every walk down the noise ladder needs. */
export type Descent = Pick<SamplerOptions, "sigmas" | "denoise" | "schedule">;

export interface Sampler {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** Standard deviation of the noise to start from. */
  initialSigma(options: SamplerOptions): number;
  /** The steps in order; throws UserError before the first when ladder or step size are not for this sampler. */
  steps(options: SamplerOptions): Generator<Step, void>;
  /** Whether its steps have the size `stepSize` of the options; absent: they have sizes of their own. */
  stepSized?(options: SamplerOptions): boolean;
  /** Evaluations of the network that `steps` will ask for. */
  nfe(options: SamplerOptions): number;
  /** Options with which `nfe` comes as near to the budget as the sampler can without exceeding it; throws UserError when too small. */
  fitBudget(options: SamplerOptions, budget: number): SamplerOptions;
}

/**
 * The Langevin step x + alpha score + sqrt(2 alpha) z (Song & Ermon 2019, Eq. 4, whose alpha is twice this one). Throws
 * UserError when alpha is not positive. Which steps diverge depends on the data: from 2 v on in a direction of variance v.
 */
export function langevinStep(sigma: number, alpha: number): Step {
  if (!(alpha > 0 && alpha < Infinity))
    throw new UserError(`langevin: expected a step size above 0, got ${alpha}`);
  const b = alpha / scoreUnit(sigma);
  return { sigma, a: 1 - b, b, c: Math.sqrt(2 * alpha) };
}

/** The noise-free last step x <- D(x; sigma), Tweedie's formula (Jolicoeur-Martineau et al. 2020, "expected denoised sample"). */
export const denoisingStep = (sigma: number): Step => ({ sigma, a: 0, b: 1, c: 0 });

/** Whether there is a final denoising step; without noise there is none. */
export const denoises = ({ sigmas, denoise }: Descent): boolean => denoise && lastLevel(sigmas) > 0;

/** The ladder's last level, 0 for the ladder [0]; throws UserError when the ladder does not descend or ends with 0 otherwise. */
export function lastLevel(sigmas: readonly number[]): number {
  const last = sigmas.at(-1);
  const positive = last !== undefined && (last > 0 || (last === 0 && sigmas.length === 1));
  if (!positive || sigmas.some((sigma, i) => i > 0 && !(sigma < sigmas[i - 1]!)))
    throw new UserError(`sampler: expected noise levels that descend and stay above 0, got [${sigmas}]`);
  return last;
}

/** The last level of a ladder to walk down; throws UserError for [0] as well, which has no steps. */
export function lastNoiseLevel(sigmas: readonly number[]): number {
  const last = lastLevel(sigmas);
  if (last === 0)
    throw new UserError(
      "sampler: expected noise levels to walk down, but this score is that of the data without noise; use langevin or langevin-decay",
    );
  return last;
}

/** The evaluations that are left to a sampler after the final denoising; throws UserError when fewer than `least`. */
export function evaluationsLeft(options: Descent, budget: number, least: number): number {
  const last = Number(denoises(options));
  if (!Number.isInteger(budget) || budget < least + last)
    throw new UserError(`sampler: expected a budget of at least ${least + last} evaluations, got ${budget}`);
  return budget - last;
}

/** `count` levels of a ladder, first and last kept, evenly spaced in the logarithm; only levels the network was trained at. */
export function thinned(sigmas: readonly number[], count: number): readonly number[] {
  const stride = (sigmas.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => sigmas[Math.round(i * stride)]!);
}

/** The coefficients of a step from one level to the next. */
export type StepTo = (sigma: number, next: number) => Omit<Step, "sigma">;

/** A step from each level to the next, and the last evaluation if it is wanted. Throws UserError for [0]. */
export function* descend({ sigmas, denoise }: Descent, step: StepTo): Generator<Step, void> {
  const last = lastNoiseLevel(sigmas);
  for (const [i, next] of sigmas.slice(1).entries()) yield { sigma: sigmas[i]!, ...step(sigmas[i]!, next) };
  if (denoise) yield denoisingStep(last);
}

/**
 * alpha at one level over alpha at another: the signal's decay between them in the schedule's own coordinates, in which the
 * forward step from `next` to `sigma` is x <- ratio (x + alpha(next) sqrt(sigma^2 - next^2) z).
 */
export function signalRatio({ schedule = exploding }: Descent): (sigma: number, next: number) => number {
  const alphaAt = (sigma: number) => schedule.alpha(schedule.timeOf(sigma));
  return (sigma, next) => alphaAt(sigma) / alphaAt(next);
}

/** What samplers share that take one step from each level to the next; the last one, which denoises, only if it is wanted. */
export const oneStepPerLevel: Pick<Sampler, "initialSigma" | "nfe" | "fitBudget"> = {
  initialSigma: ({ sigmas }) => Math.max(...sigmas),
  nfe: ({ sigmas, denoise }) => sigmas.length - Number(!denoise),
  fitBudget(options, budget) {
    const levels = evaluationsLeft(options, budget, 1) + 1;
    return { ...options, sigmas: thinned(options.sigmas, Math.min(levels, options.sigmas.length)) };
  },
};
