// What a step may depend on besides its noise levels: the model's own time and coordinates.
import type { Schedule } from "../schedules/schedule.ts";

export type Diffusion = Pick<Schedule, "alpha" | "drift" | "diffusion" | "timeOf">;

/** Variance exploding by a constant ratio per unit of time (Song et al. 2021, Eq. 30); the unit is free, and here t = ln sigma. */
export const exploding: Diffusion = {
  alpha: () => 1,
  drift: () => 0,
  diffusion: (t) => Math.SQRT2 * Math.exp(t),
  timeOf: Math.log,
};
