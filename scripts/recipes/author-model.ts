// A preset with what was chosen instead of its own settings becomes an authored model for a data set.
import { type Authored, author } from "../../lib/author/author.ts";
import type { ObjectiveName } from "../../lib/author/objectives/index.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { FamilyWeightingName } from "../../lib/theory/family.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import type { NegativesStart } from "../../models/negatives.ts";
import { type Preset, type PresetName, presets } from "../../models/presets.ts";
import { noiseFor } from "./noise.ts";

export interface ModelRecipe {
  readonly preset: PresetName;
  /** The data set as it was named, and how it was opened, for whoever opens it again. */
  readonly source: string;
  readonly opening: Readonly<Record<string, unknown>>;
  /** What is chosen instead of the preset's own. */
  readonly objective?: ObjectiveName | undefined;
  readonly sigma?: number | undefined;
  readonly weighting?: FamilyWeightingName | undefined;
  readonly negatives?: NegativesStart | undefined;
  readonly batch?: number | undefined;
  readonly steps?: number | undefined;
  readonly learningRate?: number | undefined;
}

/** Authors the model for a data set whose noise levels are suggested. */
export function authorModel(recipe: ModelRecipe, dataset: Dataset, suggestion: Suggestion): Authored {
  const preset: Preset = presets[recipe.preset];
  const { noise, langevin } = noiseFor(recipe, preset, suggestion);
  const { shape, classes: labels, density, units } = dataset;
  const { description, network, classes } = preset.model({
    shape,
    classes: labels,
    levels: noise.sigmas.length,
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
      options: recipe.opening,
      ...(units && { units: { offset: [...units.offset], scale: [...units.scale] } }),
    },
    batch,
    negatives: preset.negatives?.(chains, recipe.negatives),
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
  });
}
