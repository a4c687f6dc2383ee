// DDPM's chain of noising steps, q(x_t | x_(t-1)) = N(sqrt(1 - beta_t) x_(t-1), beta_t I), and its posteriors.
import { UserError } from "../../errors.ts";

/** Arrays are [T+1] and their index is t; at t = 0, the data, there is no noise. */
export interface DiscreteSchedule {
  /** T. */
  readonly steps: number;
  readonly betas: Float64Array;
  /** alpha_bar_t = prod_(i=1..t) (1 - beta_i). */
  readonly alphaBars: Float64Array;
  readonly logAlphaBars: Float64Array;
  /** beta~_t, the variance of q(x_(t-1) | x_t, x_0); 0 at t = 1 (Ho et al. 2020, Eq. 7). */
  readonly posteriorVariances: Float64Array;
}

/** The chain of beta_1..beta_T; throws UserError when one is not in (0, 1). */
export function discreteSchedule(betas: ArrayLike<number>): DiscreteSchedule {
  const steps = betas.length;
  const wrong = Array.from(betas).findIndex((beta) => !(beta > 0 && beta < 1));
  if (steps < 2 || wrong >= 0)
    throw new UserError(
      `discreteSchedule: expected at least 2 betas in (0, 1), got ${steps} with beta_${wrong + 1} = ${betas[wrong]}; take more steps or smaller betas`,
    );
  const all = Float64Array.of(0, ...Array.from(betas));
  // Sums of logarithms keep the digits of 1 - alpha_bar where that is small.
  let sum = 0;
  const logAlphaBars = all.map((beta) => (sum += Math.log1p(-beta)));
  const noise = (t: number): number => noiseVariance({ logAlphaBars }, t);
  const posteriorVariances = all.map((beta, t) => (t === 0 ? 0 : (noise(t - 1) / noise(t)) * beta));
  return { steps, betas: all, alphaBars: logAlphaBars.map(Math.exp), logAlphaBars, posteriorVariances };
}

/** 1 - alpha_bar_t, to full relative accuracy. */
export const noiseVariance = ({ logAlphaBars }: Pick<DiscreteSchedule, "logAlphaBars">, t: number): number =>
  Math.abs(Math.expm1(logAlphaBars[t]!));

/** The mean of q(x_(t-1) | x_t, x_0) is x0 x_0 + xt x_t (Ho et al. 2020, Eq. 7). */
export function posteriorMean(chain: DiscreteSchedule, t: number): { x0: number; xt: number } {
  const { betas, alphaBars } = chain;
  const noise = noiseVariance(chain, t);
  return {
    x0: (Math.sqrt(alphaBars[t - 1]!) * betas[t]!) / noise,
    xt: (Math.sqrt(1 - betas[t]!) * noiseVariance(chain, t - 1)) / noise,
  };
}

/**
 * log beta~_t with beta~_2 in the place of beta~_1 = 0 (Ho et al. 2020, in code): the lower end of a learned variance.
 */
export const clippedLogPosteriorVariance = ({ posteriorVariances }: DiscreteSchedule, t: number): number =>
  Math.log(posteriorVariances[Math.max(2, t)]!);

/** The log of a learned variance, at the `fraction` v of the way from beta~_t to beta_t (Nichol & Dhariwal 2021, Eq. 15). */
export function learnedLogVariance(chain: DiscreteSchedule, t: number, fraction: number): number {
  const lower = clippedLogPosteriorVariance(chain, t);
  return lower + fraction * (Math.log(chain.betas[t]!) - lower);
}

/**
 * The chain that visits only `times` of 1..T, in ascending order: beta' = 1 - alpha_bar_t / alpha_bar_previous
 * (Nichol & Dhariwal 2021, section 4). Throws when times do not ascend within 1..T.
 */
export function respaced(chain: DiscreteSchedule, times: readonly number[]): DiscreteSchedule {
  if (times.some((t, i) => !(Number.isInteger(t) && t > (times[i - 1] ?? 0) && t <= chain.steps)))
    throw new Error(`respaced: expected times that ascend within 1..${chain.steps}, got [${times}]`);
  const log = (t: number | undefined): number => chain.logAlphaBars[t ?? 0]!;
  return discreteSchedule(times.map((t, i) => -Math.expm1(log(t) - log(times[i - 1]))));
}

/** Betas from alpha_bar(t / T), each at most 0.999 so that the last one leaves something (Nichol & Dhariwal 2021, section 3.2). */
export const betasOf = (alphaBar: (t: number) => number, steps: number): number[] =>
  Array.from({ length: steps }, (_, i) =>
    Math.min(0.999, 1 - alphaBar((i + 1) / steps) / alphaBar(i / steps)),
  );
