// The variance-exploding diffusion: NCSN's geometric noise levels in continuous time.
import { checkNoiseRange } from "../noise-range.ts";
import { type Schedule, type ScheduleOptions, schedule } from "./schedule.ts";

/**
 * sigma(t) = sigmaMin (sigmaMax / sigmaMin)^t (Song et al. 2021, Eq. 30); its kernel's variance, sigma(t)² - sigmaMin², is
 * rounded up to sigma(t)², as everywhere. The range is that of the paper, 0.01 to 50 for data in [0, 1], for data in [-1, 1].
 * Throws UserError unless 0 < sigmaMin < sigmaMax.
 */
export function ve({ sigmaMin = 0.02, sigmaMax = 100 }: ScheduleOptions = {}): Schedule {
  checkNoiseRange("ve", sigmaMin, sigmaMax);
  const span = Math.log(sigmaMax / sigmaMin);
  // Both ends come out as given.
  const sigma = (t: number) => sigmaMin ** (1 - t) * sigmaMax ** t;
  const columns = {
    summary: "variance exploding, noise levels geometric in time",
    source: "Song et al. 2021, Eq. 9 and 30",
    tMin: 0,
    tEnd: 0,
    tMax: 1,
    alpha: () => 1,
    sigma,
    drift: () => 0,
    varianceRate: (t: number) => 2 * span * sigma(t) ** 2,
    // The paper's log sigma, whose data are half as large.
    label: (t: number) => Math.log(sigma(t) / 2),
  };
  return schedule(columns, (level) => Math.log(level / sigmaMin) / span);
}
