// DDPM's schedule: betas that grow linearly over T steps.
import { chainSchedule } from "./chain.ts";
import type { Schedule, ScheduleOptions } from "./schedule.ts";

/**
 * beta_1 = 1e-4 to beta_T = 0.02 for T = 1000 (Ho et al. 2020, section 4); for another T both times 1000 / T, which keeps
 * alpha_bar_T about where it was (Nichol & Dhariwal 2021, in code). Throws UserError when a beta is not in (0, 1).
 */
export function ddpm({ steps = 1000, ...ends }: ScheduleOptions = {}): Schedule {
  const { betaMin = 0.1 / steps, betaMax = 20 / steps } = ends;
  const betas = Array.from(
    { length: steps },
    (_, i) => betaMin + (i / Math.max(1, steps - 1)) * (betaMax - betaMin),
  );
  const words = { summary: "DDPM's T steps, betas linear", source: "Ho et al. 2020, section 4" };
  return chainSchedule(words, betas);
}
