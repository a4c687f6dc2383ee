// Rectified flow: straight lines from the data to the noise.
import { type Schedule, schedule } from "./schedule.ts";

/**
 * x_t = (1 - t) x_0 + t eps (Liu et al. 2022, Eq. 1, with time reversed; Lipman et al. 2022, section 4.1). At t = 1 nothing is left of
 * the data, so that noise levels end at t = 0.999, sigma / alpha = 999. Networks are told 1000 t.
 */
export const flow = (): Schedule =>
  schedule(
    {
      summary: "rectified flow: straight lines between data and noise",
      source: "Liu et al. 2022; Lipman et al. 2022",
      tMin: 0.001,
      tEnd: 0.001,
      tMax: 0.999,
      alpha: (t) => 1 - t,
      sigma: (t) => t,
      drift: (t) => -1 / (1 - t),
      varianceRate: (t) => 2 * t,
      label: (t) => 1000 * t,
    },
    // level / (1 + level), also at 0 and at infinity.
    (level) => 1 / (1 + 1 / level),
  );
