// The objectives by the name that presets and the command line use.
import { denoising } from "./denoising.ts";
import type { Objective } from "./objective.ts";

export const objectives = { denoising } satisfies Record<string, Objective>;

export type ObjectiveName = keyof typeof objectives;
