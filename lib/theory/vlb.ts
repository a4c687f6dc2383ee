// The terms of DDPM's variational bound on -log p(x_0), per dimension.
import { normalCdf } from "./normal-distribution.ts";
import { type DiscreteSchedule, noiseVariance } from "./schedules/discrete-schedule.ts";

/** Bits per nat. */
export const BITS = Math.LOG2E;

interface DiagonalGaussian {
  readonly mean: number;
  readonly logVariance: number;
}

/** KL(p ‖ q) of one dimension in nats; L_(t-1) is the one of posterior and model (Ho et al. 2020, Eq. 5). */
export function gaussianKl(p: DiagonalGaussian, q: DiagonalGaussian): number {
  const log = p.logVariance - q.logVariance;
  // e^log - 1 - log, without the digits that go when the variances are nearly equal.
  return (Math.expm1(log) - log + (p.mean - q.mean) ** 2 * Math.exp(-q.logVariance)) / 2;
}

/** L_T = KL(q(x_T | x_0) ‖ N(0, 1)) in nats, for data whose mean square is `meanSquare`. */
export function priorTerm({ logAlphaBars, steps }: DiscreteSchedule, meanSquare: number): number {
  const log = logAlphaBars[steps]!;
  return (Math.exp(log) * (meanSquare - 1) - Math.log(-Math.expm1(log))) / 2;
}

/** The two fixed variances of p(x_(t-1) | x_t): right for data of unit variance, and for a single point (Ho et al. 2020, section 3.2). */
export const reverseVariances = {
  beta: ({ betas }, t) => betas[t]!,
  posterior: ({ posteriorVariances }, t) => posteriorVariances[t]!,
} satisfies Record<string, (chain: DiscreteSchedule, t: number) => number>;

export type ReverseVariance = keyof typeof reverseVariances;

/**
 * The factor of the mean squared error of eps in nats of L_(t-1), up to a constant,
 * beta_t² / (2 sigma_t² alpha_t (1 - alpha_bar_t)) (Ho et al. 2020, Eq. 12); infinite for beta~ at t = 1, where L_0 stands.
 */
export function epsWeight(chain: DiscreteSchedule, t: number, variance: ReverseVariance): number {
  const beta = chain.betas[t]!;
  const noise = noiseVariance(chain, t);
  return beta ** 2 / (2 * reverseVariances[variance](chain, t) * (1 - beta) * noise);
}

/**
 * L_0 of one value in nats: -log of the probability of its bin, 2/255 wide, under N(mean, std²); data are the 256 values of
 * [-1, 1], and the outer bins are open (Ho et al. 2020, Eq. 13). The originals' tanh in the place of erf is off by up to
 * 4e-4 in probability; their floor of 1e-12 is kept.
 */
export function decoderTerm(value: number, mean: number, std: number): number {
  const upper = value > 0.999 ? Infinity : (value - mean + 1 / 255) / std;
  const lower = value < -0.999 ? -Infinity : (value - mean - 1 / 255) / std;
  return -Math.log(Math.max(1e-12, between(lower, upper)));
}

// In the upper tail both are near 1 and only their mirror images keep a difference.
const between = (lower: number, upper: number): number =>
  lower > 0 ? normalCdf(-lower) - normalCdf(-upper) : normalCdf(upper) - normalCdf(lower);
