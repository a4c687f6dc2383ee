// What a preset is, and what presets share.
import type { DiffusionEntry } from "../lib/artifact/manifest.ts";
import type { Authoring, OptimizerSettings } from "../lib/author/author.ts";
import type { FamilyPreconditioningName, FamilyWeightingName } from "../lib/theory/family.ts";
import type { ScheduleRecord } from "../lib/theory/schedules/index.ts";
import type { SigmaDistribution } from "../lib/theory/sigma-distribution.ts";
import type { SigmaGridName } from "../lib/theory/sigma-grids.ts";
import type { ModelMaker } from "./model.ts";
import type { NegativesMaker } from "./negatives.ts";

export interface PresetSchedule {
  readonly record: ScheduleRecord;
  readonly training: SigmaDistribution;
  /** The levels that sampling visits unless it is told others. */
  readonly grid: SigmaGridName;
  readonly steps: number;
}

export interface Preset {
  /** One line for the command line's table. */
  readonly summary: string;
  /** The data set, built in or a path, that is used when none is given. */
  readonly data: string;
  readonly model: ModelMaker;
  readonly objective: Authoring["objective"];
  readonly preconditioning: FamilyPreconditioningName;
  readonly weighting: FamilyWeightingName;
  /** The share of samples whose class a network that is told classes does not see in training (Ho & Salimans 2022). */
  readonly unconditional?: number;
  /** The chain whose reverse is learned, instead of noise levels. */
  readonly diffusion?: DiffusionEntry;
  /** A schedule of its own instead of a ladder that suits the data. */
  readonly schedule?: PresetSchedule;
  /** One noise level instead of a ladder; 0 for the data as they are. */
  readonly sigma?: number;
  /** The smallest noise level, of points in units of their standard deviation. */
  readonly sigmaMin: number;
  /** How far neighbouring levels overlap (Song & Ermon 2020, technique 2), or how many levels there are. */
  readonly overlap: number;
  readonly levels?: number;
  readonly stepsPerLevel: number;
  readonly batch: number;
  readonly steps: number;
  readonly emaDecay: number;
  readonly optimizer: OptimizerSettings;
  /** How objectives that learn from the model's own samples draw them. */
  readonly negatives?: NegativesMaker;
  /** Batch sizes of the sampling graphs. */
  readonly samplingBatches: readonly number[];
}

/** Adam with a short warm-up, then down to nothing along a cosine. */
export const adam = (
  learningRate: number,
  totalSteps: number,
): Extract<OptimizerSettings, { kind: "adamw" }> => ({
  kind: "adamw",
  learningRate,
  warmupSteps: Math.min(100, Math.ceil(totalSteps / 10)),
  decay: "cosine",
  totalSteps,
  weightDecay: 0,
  clipNorm: 1,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
});

/**
 * Where presets start from: NCSNv2's five techniques (Song & Ermon 2020) on data in [-1, 1]. The score is net/sigma, and net
 * adds the input to what the U-Net predicts (the preconditioning of Karras et al. 2022). Group normalisation forgets an
 * image's mean, so that without the added input short training gives samples too dark or too bright; see `digits-ncsn`.
 */
export const ncsn = {
  objective: "denoising",
  preconditioning: "edm",
  weighting: "sigma-squared",
  unconditional: 0.1,
  sigmaMin: 0.02,
  overlap: 0.5,
  stepsPerLevel: 5,
  batch: 16,
  emaDecay: 0.999,
  // Single images, previews, sheets.
  samplingBatches: [1, 10, 60],
} as const satisfies Partial<Preset>;
