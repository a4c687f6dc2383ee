// What a schedule is: how much of the data is left at a time, and how much noise there is, x_t = alpha(t) x_0 + sigma(t) eps.
import type { DiscreteSchedule } from "./discrete-schedule.ts";

/** What a schedule declares; times grow with the noise. */
interface ScheduleColumns {
  /** One line for the command line's help. */
  readonly summary: string;
  readonly source: string;
  /** The times of training, tMin to tMax. */
  readonly tMin: number;
  readonly tMax: number;
  /** Where samplers stop, tMin or later; what noise is left goes in the last denoising. */
  readonly tEnd: number;
  alpha(t: number): number;
  sigma(t: number): number;
  /** f(t) = d ln alpha / dt, of dx = f x dt + g dw. */
  drift(t: number): number;
  /** d sigma² / dt. */
  varianceRate(t: number): number;
  /** The time label that networks of this schedule are given. */
  label(t: number): number;
  /** The chain of betas where times are 1..T; between them log alpha is linear. */
  readonly discrete?: DiscreteSchedule;
}

export interface Schedule extends ScheduleColumns {
  /** The noise level in VE coordinates x_t / alpha, sigma(t) / alpha(t). */
  level(t: number): number;
  /** The time of a noise level in VE coordinates; of levels that the schedule does not reach, the nearest time that it has. */
  timeOf(level: number): number;
  /** g(t), of dx = f x dt + g dw. */
  diffusion(t: number): number;
}

/** What the schedules may be told; each takes what it needs. */
export interface ScheduleOptions {
  /** The range of noise of `ve` and `edm`, in data units. */
  readonly sigmaMin?: number | undefined;
  readonly sigmaMax?: number | undefined;
  /** The ends of the linear betas: of `vp` and `sub-vp` per unit of time, of `ddpm` and `scaled-linear` per step. */
  readonly betaMin?: number | undefined;
  readonly betaMax?: number | undefined;
  /** T of `ddpm`, `scaled-linear`, `cosine` and `sigmoid`. */
  readonly steps?: number | undefined;
}

/** Completes the columns; `inverse` is that of sigma / alpha and need not heed the range of times. */
export function schedule(columns: ScheduleColumns, inverse: (level: number) => number): Schedule {
  const { tMin, tMax, alpha, sigma, drift, varianceRate } = columns;
  return {
    ...columns,
    level: (t) => sigma(t) / alpha(t),
    timeOf: (level) => Math.min(tMax, Math.max(tMin, inverse(level))),
    // The variance of x_t grows by d sigma²/dt = 2 f sigma² + g² (Särkkä & Solin 2019, section 6.1).
    diffusion: (t) => Math.sqrt(varianceRate(t) - 2 * drift(t) * sigma(t) ** 2),
  };
}
