// EDM's schedule: time is the noise level.
import { checkNoiseRange } from "../noise-range.ts";
import { type Schedule, type ScheduleOptions, schedule } from "./schedule.ts";

/** sigma(t) = t, alpha = 1 (Karras et al. 2022, Table 1). Throws UserError unless 0 < sigmaMin < sigmaMax. */
export function edm({ sigmaMin = 0.002, sigmaMax = 80 }: ScheduleOptions = {}): Schedule {
  checkNoiseRange("edm", sigmaMin, sigmaMax);
  const columns = {
    summary: "EDM: time is the noise level, nothing is scaled",
    source: "Karras et al. 2022, Table 1",
    tMin: sigmaMin,
    tEnd: sigmaMin,
    tMax: sigmaMax,
    alpha: () => 1,
    sigma: (t: number) => t,
    drift: () => 0,
    varianceRate: (t: number) => 2 * t,
    label: (t: number) => Math.log(t) / 4,
  };
  return schedule(columns, (level) => level);
}
