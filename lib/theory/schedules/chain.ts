// A schedule of discrete steps 1..T, continued between them.
import { type DiscreteSchedule, discreteSchedule } from "./discrete-schedule.ts";
import { type Schedule, schedule } from "./schedule.ts";

/**
 * Variance preserving, alpha² = alpha_bar. Between whole times log alpha_bar is linear, as in DPM-Solver (Lu et al. 2022,
 * appendix D.4): a step of the chain is a time unit of a diffusion at a constant rate, f = log(1 - beta) / 2, and time 0 is
 * the data. (The log-SNR, infinite at 0, could not be interpolated there.) Networks are told t - 1, as in diffusers.
 */
export function chainSchedule(
  words: Pick<Schedule, "summary" | "source">,
  betas: ArrayLike<number>,
): Schedule {
  const discrete = discreteSchedule(betas);
  const { steps, logAlphaBars } = discrete;
  const before = (t: number): number => Math.min(steps - 1, Math.max(0, Math.ceil(t) - 1));
  const slope = (k: number): number => logAlphaBars[k + 1]! - logAlphaBars[k]!;
  const log = (t: number): number => logAlphaBars[before(t)]! + (t - before(t)) * slope(before(t));
  const columns = {
    ...words,
    tMin: 1,
    tMax: steps,
    tEnd: 1,
    alpha: (t: number) => Math.exp(log(t) / 2),
    sigma: (t: number) => Math.sqrt(-Math.expm1(log(t))),
    drift: (t: number) => slope(before(t)) / 2,
    varianceRate: (t: number) => -slope(before(t)) * Math.exp(log(t)),
    label: (t: number) => t - 1,
    discrete,
  };
  return schedule(columns, (level) => {
    const target = -Math.log1p(level ** 2);
    const k = lastAtLeast(discrete, target);
    return k + (target - logAlphaBars[k]!) / slope(k);
  });
}

/** The last k below T with log alpha_bar_k >= target. */
function lastAtLeast({ steps, logAlphaBars }: DiscreteSchedule, target: number): number {
  let [low, high] = [0, steps];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (logAlphaBars[middle]! >= target) low = middle;
    else high = middle;
  }
  return low;
}
