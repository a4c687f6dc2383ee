// A model's noise as diffusers' scheduler_config.json has it, read and written.
import { z } from "zod";
import type { Manifest } from "../artifact/manifest.ts";
import { UserError } from "../errors.ts";
import { openScheduleOf } from "../theory/family.ts";
import type { ScheduleName, ScheduleRecord } from "../theory/schedules/index.ts";
import type { SigmaGridName } from "../theory/sigma-grids.ts";
import type { ClippingName } from "../theory/solvers/clipping.ts";

/** Names there and here; each scheduler class is a sampler. */
const methods = { DDPMScheduler: "ancestral", DDIMScheduler: "ddim" } as const;
const predictions = { epsilon: "eps", v_prediction: "v", sample: "x0" } as const;
const grids = { leading: "leading", linspace: "native", trailing: "trailing" } as const;
const variances = {
  fixed_small: "posterior",
  fixed_small_log: "posterior",
  fixed_large: "forward",
  learned_range: "learned",
} as const;
const schedules = {
  linear: "ddpm",
  scaled_linear: "scaled-linear",
  squaredcos_cap_v2: "cosine",
} as const satisfies Record<string, ScheduleName>;

const keysOf = <T extends object>(table: T) => Object.keys(table) as (keyof T & string)[];

/** diffusers' defaults fill in what a file leaves out. What has one value only is refused with any other. */
const schema = z.object({
  _class_name: z.enum(keysOf(methods)),
  num_train_timesteps: z.int().min(2).default(1000),
  beta_start: z.number().positive().lt(1).default(0.0001),
  beta_end: z.number().positive().lt(1).default(0.02),
  beta_schedule: z.enum(keysOf(schedules)).default("linear"),
  prediction_type: z.enum(keysOf(predictions)).default("epsilon"),
  variance_type: z.enum(keysOf(variances)).default("fixed_small"),
  timestep_spacing: z.enum(keysOf(grids)).default("leading"),
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.literal(1).default(1),
  trained_betas: z.null().default(null),
  thresholding: z.literal(false).default(false),
  rescale_betas_zero_snr: z.literal(false).default(false),
  steps_offset: z.literal(0).default(0),
});

type SchedulerConfig = z.infer<typeof schema>;

/** How a model's own scheduler draws samples. */
export interface OwnSampling {
  readonly method: "ancestral" | "ddim";
  readonly grid: SigmaGridName;
  readonly variance: "posterior" | "forward" | "learned";
  readonly clip: ClippingName;
}

interface SchedulerSettings {
  readonly preconditioning: "eps" | "v" | "x0";
  readonly schedule: ScheduleRecord;
  readonly sampling: OwnSampling;
}

/**
 * What a scheduler_config.json says, read from `where`. Three habits are not followed: `set_alpha_to_one` false leaves images the
 * noise of the chain's first step, which here a last evaluation removes; DDIMScheduler goes down by T / steps, rounded down, even
 * where its next time lies elsewhere; and it keeps the noise as predicted where it clips the image (`use_clipped_model_output`).
 * Throws UserError for what this build cannot do.
 */
export function readSchedulerConfig(json: unknown, where: string): SchedulerSettings {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new UserError(`${where}: ${complaint(parsed.error.issues[0]!, json)}`);
  const config = parsed.data;
  return {
    preconditioning: predictions[config.prediction_type],
    schedule: scheduleOf(config),
    sampling: {
      method: methods[config._class_name],
      grid: grids[config.timestep_spacing],
      variance: variances[config.variance_type],
      clip: config.clip_sample ? "static" : "none",
    },
  };
}

function complaint({ path, message }: z.core.$ZodIssue, json: unknown): string {
  const [key] = path;
  if (key === undefined) return "expected the settings of a scheduler";
  const got = (json as Record<PropertyKey, unknown>)[key];
  return `scheduler: ${String(key)}: ${message}, got ${JSON.stringify(got)?.slice(0, 100) ?? "nothing"}`;
}

function scheduleOf(config: SchedulerConfig): ScheduleRecord {
  const name = schedules[config.beta_schedule];
  const steps = config.num_train_timesteps;
  // The cosine has no betas to choose.
  if (name === "cosine") return { name, steps };
  return { name, steps, betaMin: config.beta_start, betaMax: config.beta_end };
}

/** The key of a table under which an entry stands. */
const keyOf = <T extends object>(table: T, entry: string) =>
  keysOf(table).find((key) => table[key] === entry);

/** The scheduler_config.json that draws as `ancestral` does here; undefined for noise that diffusers' DDPMScheduler does not know. */
export function schedulerConfig({
  preconditioning,
  schedule: record,
  variance,
}: Manifest["noise"]): Record<string, unknown> | undefined {
  const prediction_type = keyOf(predictions, preconditioning);
  const beta_schedule = keyOf(schedules, record.name);
  const chain = beta_schedule && openScheduleOf(record).discrete;
  if (!(prediction_type && chain)) return undefined;
  const config: SchedulerConfig = {
    _class_name: "DDPMScheduler",
    num_train_timesteps: chain.steps,
    beta_start: chain.betas[1]!,
    beta_end: chain.betas[chain.steps]!,
    beta_schedule,
    prediction_type,
    variance_type: variance === "learned" ? "learned_range" : "fixed_small",
    timestep_spacing: "leading",
    // As models that predict noise are sampled here.
    clip_sample: prediction_type === "epsilon",
    clip_sample_range: 1,
    trained_betas: null,
    thresholding: false,
    rescale_betas_zero_snr: false,
    steps_offset: 0,
  };
  return config;
}
