// Stable Diffusion's schedule: betas whose square roots grow linearly over T steps.
import { chainSchedule } from "./chain.ts";
import type { Schedule, ScheduleOptions } from "./schedule.ts";

/** sqrt(beta_t) from sqrt(0.00085) to sqrt(0.012), for any T (Rombach et al. 2022, in code). Throws UserError when a beta is not in (0, 1). */
export function scaledLinear({
  steps = 1000,
  betaMin = 0.00085,
  betaMax = 0.012,
}: ScheduleOptions = {}): Schedule {
  const [first, last] = [Math.sqrt(betaMin), Math.sqrt(betaMax)];
  const betas = Array.from(
    { length: steps },
    (_, i) => (first + (i / Math.max(1, steps - 1)) * (last - first)) ** 2,
  );
  const words = {
    summary: "latent diffusion's T steps, square roots of betas linear",
    source: "Rombach et al. 2022, in code",
  };
  return chainSchedule(words, betas);
}
