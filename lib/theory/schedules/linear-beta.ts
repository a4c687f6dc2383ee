// The rate of the continuous VP and sub-VP diffusions: linear in time.
import { UserError } from "../../errors.ts";
import type { ScheduleOptions } from "./schedule.ts";

/** beta(t) = betaMin + t (betaMax - betaMin) and log alpha(t) = -1/2 of its integral (Song et al. 2021, Eq. 32 and 33). */
interface LinearBeta {
  beta(t: number): number;
  logAlpha(t: number): number;
  /** The time at which log alpha is as given. */
  timeOfLogAlpha(logAlpha: number): number;
}

/** From 0.1 to 20 over t in 0..1, the limit of DDPM's betas. Throws UserError when a beta is negative or both are 0. */
export function linearBeta({ betaMin = 0.1, betaMax = 20 }: ScheduleOptions): LinearBeta {
  if (!(betaMin >= 0 && betaMax >= betaMin && betaMax > 0 && betaMax < Infinity))
    throw new UserError(
      `vp: expected beta max >= beta min >= 0, got beta min ${betaMin}, beta max ${betaMax}`,
    );
  const growth = betaMax - betaMin;
  return {
    beta: (t) => betaMin + t * growth,
    logAlpha: (t) => -(t * t * growth) / 4 - (t * betaMin) / 2,
    // The root of growth t² + 2 betaMin t + 4 log alpha = 0, without subtraction.
    timeOfLogAlpha: (log) => (-4 * log) / (betaMin + Math.sqrt(betaMin ** 2 - 4 * growth * log)),
  };
}

/** Training's first time; samplers of both stop at the second (Song et al. 2021, appendix C). */
export const times = { tMin: 1e-5, tEnd: 1e-3, tMax: 1 } as const;
