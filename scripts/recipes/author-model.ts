// A preset with what was chosen instead of its own settings becomes an authored model for a data set.
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import { type Authored, author } from "../../lib/author/author.ts";
import type { ObjectiveName } from "../../lib/author/objectives/index.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import type { FamilyWeightingName } from "../../lib/theory/family.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import type { ModelMaker } from "../../models/model.ts";
import type { NegativesStart } from "../../models/negatives.ts";
import type { Preset } from "../../models/preset.ts";
import { type PresetName, presets } from "../../models/presets.ts";
import { requireBits } from "./binary-data.ts";
import { noiseFor, type TimesName } from "./noise.ts";

export interface ModelRecipe {
  readonly preset: PresetName;
  /** The data set as it was named, and how it was opened, for whoever opens it again. */
  readonly source: string;
  readonly opening: Readonly<Record<string, unknown>>;
  /** What is chosen instead of the preset's own. */
  readonly model?: ModelMaker | undefined;
  readonly objective?: ObjectiveName | undefined;
  readonly sigma?: number | undefined;
  readonly weighting?: FamilyWeightingName | undefined;
  readonly times?: TimesName | undefined;
  readonly negatives?: NegativesStart | undefined;
  readonly batch?: number | undefined;
  readonly microBatch?: number | undefined;
  readonly gradientCheckpointing?: boolean | undefined;
  readonly steps?: number | undefined;
  readonly learningRate?: number | undefined;
  /** For whom graphs are written besides everybody. */
  readonly lowering?: LoweringName | undefined;
}

/** Authors the model for a data set whose noise levels are suggested. */
export function authorModel(recipe: ModelRecipe, dataset: Dataset, suggestion: Suggestion): Authored {
  const preset: Preset = presets[recipe.preset];
  if (preset.diffusion) checkDiffusion(recipe);
  requireBits(preset.diffusion, dataset);
  const { noise, langevin } = noiseFor(recipe, preset, suggestion);
  const { shape, classes: labels, density, units } = dataset;
  const { description, network, classes } = (recipe.model ?? preset.model)({
    shape,
    classes: labels,
    unconditional: preset.unconditional !== undefined,
    levels: preset.diffusion?.steps ?? noise.sigmas.length,
  });
  const totalSteps = recipe.steps ?? preset.steps;
  const batch = recipe.batch ?? preset.batch;
  const chains = { sigma: noise.sigmas.at(-1)!, sigmaData: noise.sigmaData, batch };
  return author({
    preset: recipe.preset,
    model: description,
    noise,
    langevin,
    data: {
      source: recipe.source,
      shape: [...shape],
      classes,
      ...(classes > 0 && preset.unconditional && { unconditional: preset.unconditional }),
      options: recipe.opening,
      ...(units && { units: { offset: [...units.offset], scale: [...units.scale] } }),
    },
    batch,
    ...splitInto(recipe.microBatch, batch),
    ...(recipe.gradientCheckpointing && { gradientCheckpointing: true as const }),
    negatives: preset.negatives?.(chains, recipe.negatives),
    ...(preset.diffusion && { diffusion: preset.diffusion }),
    ema: { decay: preset.emaDecay },
    network,
    objective: recipe.objective ?? preset.objective,
    oracle: density?.mixture,
    optimizer: {
      ...preset.optimizer,
      totalSteps,
      warmupSteps: Math.min(preset.optimizer.warmupSteps, Math.ceil(totalSteps / 10)),
      learningRate: recipe.learningRate ?? preset.optimizer.learningRate,
    },
    samplingBatches: preset.samplingBatches,
    lowering: recipe.lowering,
  });
}

/** The micro-batches of a batch that has some; throws UserError unless they make it up. */
function splitInto(microBatch: number | undefined, batch: number): { readonly microBatch?: number } {
  if (microBatch === undefined || microBatch === batch) return {};
  if (batch % microBatch === 0) return { microBatch };
  const next = Array.from({ length: batch }, (_, i) => batch - i).find(
    (each) => each <= microBatch && batch % each === 0,
  );
  throw new UserError(
    `--micro-batch: expected a divisor of the batch, ${batch}, got ${microBatch}; take ${next ?? batch}`,
  );
}

/** A diffusion has a noise and a bound of its own: throws UserError for a choice of others. */
function checkDiffusion(recipe: ModelRecipe): void {
  const other = (["objective", "sigma", "weighting", "times", "negatives"] as const).find(
    (name) => recipe[name] !== undefined,
  );
  if (other)
    throw new UserError(
      `preset "${recipe.preset}" learns the reverse of a diffusion, where no ${other} can be chosen; take another --preset`,
    );
}
