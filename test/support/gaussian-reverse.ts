// The reverse steps of a chain on data N(0, variance): q(x_(t-1) | x_t) in closed form, and where its variance lies between beta~ and beta.
import {
  clippedLogPosteriorVariance,
  type DiscreteSchedule,
  noiseVariance,
  posteriorMean,
} from "../../lib/theory/schedules/discrete-schedule.ts";

/** The variance of x_(t-1) given x_t, beta~_t + c_x0² Var(x_0 | x_t); at t = 1 that of the data given x_1. */
export function reverseVariance(chain: DiscreteSchedule, t: number, variance: number): number {
  const noise = noiseVariance(chain, t) / chain.alphaBars[t]!;
  const ofData = (variance * noise) / (variance + noise);
  return chain.posteriorVariances[t]! + posteriorMean(chain, t).x0 ** 2 * ofData;
}

/** The fraction v at which a learned variance is that one. */
export function reverseFraction(chain: DiscreteSchedule, t: number, variance: number): number {
  const lower = clippedLogPosteriorVariance(chain, t);
  return (Math.log(reverseVariance(chain, t, variance)) - lower) / (Math.log(chain.betas[t]!) - lower);
}
