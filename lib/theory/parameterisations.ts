// What a network may predict of x_t = alpha x_0 + sigma eps, and how each prediction becomes any other: through x_0.
import type { Preconditioning } from "./preconditioning.ts";
import type { Schedule } from "./schedules/schedule.ts";

/** x_0 = skip x_t + out prediction. */
interface Readout {
  readonly skip: number;
  readonly out: number;
}

type Parameterisation = (alpha: number, sigma: number) => Readout;

/**
 * x0: the data.
 * eps: the noise (Ho et al. 2020, Eq. 11).
 * score: of x_t, -eps / sigma (Song et al. 2021, section 3.3).
 * v: alpha eps - sigma x_0 (Salimans & Ho 2022, appendix D).
 * velocity: eps - x_0, dx/dt of rectified flow (Liu et al. 2022, Eq. 1, with time reversed).
 */
export const parameterisations = {
  x0: () => ({ skip: 0, out: 1 }),
  eps: (alpha, sigma) => ({ skip: 1 / alpha, out: -sigma / alpha }),
  score: (alpha, sigma) => ({ skip: 1 / alpha, out: sigma ** 2 / alpha }),
  v: (alpha, sigma) => {
    const power = alpha ** 2 + sigma ** 2;
    return { skip: alpha / power, out: -sigma / power };
  },
  velocity: (alpha, sigma) => ({ skip: 1 / (alpha + sigma), out: -sigma / (alpha + sigma) }),
} satisfies Record<string, Parameterisation>;

export type ParameterisationName = keyof typeof parameterisations;

interface Place {
  readonly x: number;
  readonly alpha: number;
  readonly sigma: number;
}

/** x_0 as a prediction has it at x_t. */
export function toX0(name: ParameterisationName, prediction: number, { x, alpha, sigma }: Place): number {
  const { skip, out } = parameterisations[name](alpha, sigma);
  return skip * x + out * prediction;
}

/** What a network would have to predict at x_t for x_0 to come out; sigma must not be 0, but for x0. */
export function fromX0(name: ParameterisationName, x0: number, { x, alpha, sigma }: Place): number {
  const { skip, out } = parameterisations[name](alpha, sigma);
  return (x0 - skip * x) / out;
}

/**
 * The preconditioning under which a network sees x_t and the schedule's time label and predicts as `name` says; in VE
 * coordinates x_t = alpha x. Rows VP, VE and DDPM of (Karras et al. 2022, Table 1) for eps and score, v and flow matching likewise.
 */
export function throughSchedule(name: ParameterisationName, schedule: Schedule): Preconditioning {
  const alphaAt = (level: number): number => schedule.alpha(schedule.timeOf(level));
  const readout = (level: number): Readout => parameterisations[name](alphaAt(level), level * alphaAt(level));
  return {
    cSkip: (level) => readout(level).skip * alphaAt(level),
    cOut: (level) => readout(level).out,
    cIn: alphaAt,
    cNoise: (level) => schedule.label(schedule.timeOf(level)),
  };
}
