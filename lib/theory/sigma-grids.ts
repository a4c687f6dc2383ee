// Sigma grids: the noise levels that a sampler visits, for a number of steps, from a range and a schedule.
import { UserError } from "../errors.ts";
import { checkNoiseRange } from "./noise-range.ts";
import type { Schedule } from "./schedules/schedule.ts";

interface GridOptions {
  /** How many levels; samplers go on from the last one to 0 themselves. */
  readonly steps: number;
  /** First and last level, in VE coordinates. */
  readonly sigmaMax: number;
  readonly sigmaMin: number;
  /** The model's schedule. */
  readonly schedule: Schedule;
  /** karras: how much denser the grid is near the data; 7 unless given. */
  readonly rho?: number | undefined;
}

/** Descending levels, all above 0. Throws UserError for less than one step, a range that is none, or too few times. */
type SigmaGrid = (options: GridOptions) => number[];

/** Evenly spaced in the coordinate that `of` gives a level; the ends are as given. */
function evenly({ steps, sigmaMax, sigmaMin }: GridOptions, of: Scale, level: Scale): number[] {
  checkNoiseRange("sigma grid", sigmaMin, sigmaMax);
  const [first, last] = [of(sigmaMax), of(sigmaMin)];
  return indices(steps).map((i) => {
    if (i === 0) return sigmaMax;
    return i === steps - 1 ? sigmaMin : level(first + (i / (steps - 1)) * (last - first));
  });
}

type Scale = (value: number) => number;

function indices(steps: number): number[] {
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new UserError(`sigma grid: expected an integer number of steps >= 1, got ${steps}`);
  return Array.from({ length: steps }, (_, i) => i);
}

/** The chain's T; throws UserError for a schedule without steps, or with fewer than are asked for. */
function chainLength(grid: string, { steps, schedule }: GridOptions): number {
  const total = schedule.discrete?.steps ?? 0;
  if (steps > total)
    throw new UserError(
      `sigma grid: "${grid}" expects a schedule of at least ${steps} discrete steps, this one has ${total}; take native`,
    );
  return total;
}

// As NumPy rounds: halves to the even neighbour.
const halfToEven = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

// Whole times: a network knows no others. Over the whole range they are diffusers' "linspace", which counts from 0.
function wholeTimes(options: GridOptions): number[] {
  const { steps, sigmaMax, sigmaMin, schedule } = options;
  checkNoiseRange("sigma grid", sigmaMin, sigmaMax);
  const first = Math.round(schedule.timeOf(sigmaMax));
  const last = Math.round(schedule.timeOf(sigmaMin));
  if (steps > first - last + 1)
    throw new UserError(
      `sigma grid: expected at most ${first - last + 1} steps, one for each time of the schedule from ${first} to ${last}, got ${steps}; the other grids know no limit`,
    );
  if (steps === 1) return [first];
  const stride = (first - last) / (steps - 1);
  return indices(steps).map((i) => 1 + halfToEven(last - 1 + (steps - 1 - i) * stride));
}

/**
 * native: even in the schedule's own time; where times are 1..T, rounded to whole ones.
 * leading: every floor(T / steps)-th time of 1..T counted from 1, as diffusers spaces them; the range is not heeded.
 * trailing: every T / steps-th time counted down from T, rounded to whole ones (Lin et al. 2024, Table 2); the range is not heeded.
 * karras: even in sigma^(1/rho) (Karras et al. 2022, Eq. 5).
 * log-snr: even in log sigma, a geometric ladder (Lu et al. 2022).
 * linear: even in sigma.
 */
export const sigmaGrids = {
  native: (options) => {
    const { schedule } = options;
    if (schedule.discrete) return wholeTimes(options).map(schedule.level);
    return evenly(options, schedule.timeOf, schedule.level);
  },
  leading: (options) => {
    const { steps, schedule } = options;
    const stride = Math.floor(chainLength("leading", options) / steps);
    return indices(steps).map((i) => schedule.level(1 + (steps - 1 - i) * stride));
  },
  trailing: (options) => {
    const { steps, schedule } = options;
    const total = chainLength("trailing", options);
    return indices(steps).map((i) => schedule.level(halfToEven(total - (i * total) / steps)));
  },
  karras: (options) => {
    const { rho = 7 } = options;
    return evenly(
      options,
      (sigma) => sigma ** (1 / rho),
      (u) => u ** rho,
    );
  },
  "log-snr": (options) => evenly(options, Math.log, Math.exp),
  linear: (options) =>
    evenly(
      options,
      (sigma) => sigma,
      (u) => u,
    ),
} satisfies Record<string, SigmaGrid>;

export type SigmaGridName = keyof typeof sigmaGrids;

/** The range of a schedule in VE coordinates: from its last time to where its samplers stop. */
export const rangeOf = ({ level, tMax, tEnd }: Schedule): { sigmaMax: number; sigmaMin: number } => ({
  sigmaMax: level(tMax),
  sigmaMin: level(tEnd),
});
