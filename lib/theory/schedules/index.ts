// The schedules by name, and as plain records that files can hold.
import { cosine } from "./cosine.ts";
import { ddpm } from "./ddpm.ts";
import { edm } from "./edm.ts";
import { flow } from "./flow.ts";
import { scaledLinear } from "./scaled-linear.ts";
import type { Schedule, ScheduleOptions } from "./schedule.ts";
import { sigmoid } from "./sigmoid.ts";
import { subVp } from "./sub-vp.ts";
import { ve } from "./ve.ts";
import { vp } from "./vp.ts";

export const schedules = {
  cosine,
  ddpm,
  edm,
  flow,
  "scaled-linear": scaledLinear,
  sigmoid,
  "sub-vp": subVp,
  ve,
  vp,
} satisfies Record<string, (options?: ScheduleOptions) => Schedule>;

export type ScheduleName = keyof typeof schedules;

/** A schedule as a plain record. */
export interface ScheduleRecord extends ScheduleOptions {
  readonly name: ScheduleName;
}

/** The schedule that a record describes; throws UserError when its options make none. */
export const openSchedule = ({ name, ...options }: ScheduleRecord): Schedule => schedules[name](options);
