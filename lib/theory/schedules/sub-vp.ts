// The sub-VP diffusion: VP's drift with less noise, for better likelihoods.
import { linearBeta, times } from "./linear-beta.ts";
import { type Schedule, type ScheduleOptions, schedule } from "./schedule.ts";

/**
 * dx = -beta/2 x dt + sqrt(beta (1 - alpha⁴)) dw, sigma = 1 - alpha² (Song et al. 2021, Eq. 12 and 29). Because
 * alpha² + sigma² is not 1, g² is not -2 f, as it is for VP.
 */
export function subVp(options: ScheduleOptions = {}): Schedule {
  const { beta, logAlpha, timeOfLogAlpha } = linearBeta(options);
  const alpha = (t: number) => Math.exp(logAlpha(t));
  const sigma = (t: number) => -Math.expm1(2 * logAlpha(t));
  const columns = {
    summary: "sub-VP: VP's drift, less noise at every time",
    source: "Song et al. 2021, Eq. 12",
    ...times,
    alpha,
    sigma,
    drift: (t: number) => -beta(t) / 2,
    varianceRate: (t: number) => 2 * sigma(t) * beta(t) * alpha(t) ** 2,
    label: (t: number) => 999 * t,
  };
  // sigma / alpha = 1/alpha - alpha = 2 sinh(-log alpha).
  return schedule(columns, (level) => timeOfLogAlpha(-Math.asinh(level / 2)));
}
