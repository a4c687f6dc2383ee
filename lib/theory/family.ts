// A family: the schedule, preconditioning and weighting of a model, by the names that its manifest gives (Karras et al. 2022, Table 1).
import { UserError } from "../errors.ts";
import { type ParameterisationName, throughSchedule } from "./parameterisations.ts";
import { type Preconditioning, preconditionings } from "./preconditioning.ts";
import { openSchedule, type ScheduleRecord, schedules } from "./schedules/index.ts";
import type { Schedule, ScheduleOptions } from "./schedules/schedule.ts";
import { likelihoodWeighting, snrWeightings } from "./snr-weighting.ts";
import { type Weighting, weightings } from "./weighting.ts";

/** What a manifest says of a model's noise. */
export interface FamilyRecord {
  readonly preconditioning: string;
  readonly weighting: string;
  readonly schedule: { readonly name: string } & ScheduleOptions;
}

export interface Family {
  readonly schedule: Schedule;
  readonly preconditioning: Preconditioning;
  readonly weighting: Weighting;
}

const through =
  (name: ParameterisationName) =>
  (schedule: Schedule): Preconditioning =>
    throughSchedule(name, schedule);
const always =
  <T>(entry: T) =>
  (): T =>
    entry;

/** What networks may predict: by a rule of the noise level alone, or in the coordinates of the schedule. */
export const familyPreconditionings = {
  ncsn: always(preconditionings.ncsn),
  "ncsn-raw": always(preconditionings["ncsn-raw"]),
  ncsnpp: always(preconditionings.ncsnpp),
  edm: always(preconditionings.edm),
  score: always(preconditionings.score),
  eps: through("eps"),
  x0: through("x0"),
  v: through("v"),
  velocity: through("velocity"),
  "score-of-xt": through("score"),
} satisfies Record<string, (schedule: Schedule) => Preconditioning>;

export const familyWeightings = {
  "sigma-squared": always(weightings["sigma-squared"]),
  uniform: always(weightings.uniform),
  edm: always(weightings.edm),
  "min-snr": always(snrWeightings["min-snr"]),
  "soft-min-snr": always(snrWeightings["soft-min-snr"]),
  "truncated-snr": always(snrWeightings["truncated-snr"]),
  "snr-plus-one": always(snrWeightings["snr-plus-one"]),
  likelihood: likelihoodWeighting,
} satisfies Record<string, (schedule: Schedule) => Weighting>;

export type FamilyPreconditioningName = keyof typeof familyPreconditionings;
export type FamilyWeightingName = keyof typeof familyWeightings;

/** The family that a record names. Throws UserError for a name that this build does not know. */
export function openFamily({ preconditioning, weighting, schedule: record }: FamilyRecord): Family {
  const schedule = openScheduleOf(record);
  return {
    schedule,
    preconditioning: entryOf(familyPreconditionings, "preconditioning", preconditioning)(schedule),
    weighting: entryOf(familyWeightings, "weighting", weighting)(schedule),
  };
}

/** The schedule that a manifest's record describes. Throws UserError for a name that this build does not know. */
export function openScheduleOf(record: FamilyRecord["schedule"]): Schedule {
  entryOf(schedules, "schedule.name", record.name);
  return openSchedule(record as ScheduleRecord);
}

function entryOf<T>(table: Readonly<Record<string, T>>, what: string, name: string): T {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry === undefined)
    throw new UserError(
      `manifest: noise.${what} "${name}" is unknown to this build; one of: ${Object.keys(table).join(", ")}`,
    );
  return entry;
}
