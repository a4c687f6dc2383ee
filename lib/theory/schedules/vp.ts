// The variance-preserving diffusion, DDPM in continuous time.
import { linearBeta, times } from "./linear-beta.ts";
import { type Schedule, type ScheduleOptions, schedule } from "./schedule.ts";

/** dx = -beta/2 x dt + sqrt(beta) dw, alpha² + sigma² = 1 (Song et al. 2021, Eq. 11). */
export function vp(options: ScheduleOptions = {}): Schedule {
  const { beta, logAlpha, timeOfLogAlpha } = linearBeta(options);
  const columns = {
    summary: "variance preserving, continuous, beta linear in time",
    source: "Song et al. 2021, Eq. 11",
    ...times,
    alpha: (t: number) => Math.exp(logAlpha(t)),
    sigma: (t: number) => Math.sqrt(-Math.expm1(2 * logAlpha(t))),
    drift: (t: number) => -beta(t) / 2,
    varianceRate: (t: number) => beta(t) * Math.exp(2 * logAlpha(t)),
    label: (t: number) => 999 * t,
  };
  return schedule(columns, (level) => timeOfLogAlpha(-Math.log1p(level ** 2) / 2));
}
