// From names on the command line to data, suggested noise levels and authored graphs.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { author } from "../../lib/author/author.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import { isArtifact, openArtifact, writeArtifact, writeManifest } from "../../lib/run/folder.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { type Suggestion, suggest } from "../../lib/theory/suggest.ts";
import { type Preset, type PresetName, presetNetwork, presets } from "../../models/presets.ts";
import { type DataChoice, dataOptions, openData, openingOf } from "./data.ts";
import { amount, count, optionalChoice, type Values } from "./options.ts";
import { table } from "./report.ts";

const presetNames = Object.keys(presets) as PresetName[];

/** Options that say which model is made for which data. */
export const modelOptions = {
  preset: optionalChoice("--preset <name>", "network and training settings (default digits)", presetNames),
  ...dataOptions,
  batch: count("--batch <n>", "images per step (default: the preset's)"),
  steps: count("--steps <n>", "training steps (default: the preset's)"),
  learningRate: amount("--learning-rate <x>", "peak learning rate (default: the preset's)"),
};

export type ModelChoice = Values<typeof modelOptions> & { readonly seed: number };

/** The presets as an aligned table for the help. */
export const presetTable = `Presets:\n${table(presetNames.map((name) => [`  ${name}`, presets[name].summary]))}`;

const presetName = ({ preset }: Pick<ModelChoice, "preset">): PresetName => preset ?? "digits";

export const presetOf = (choice: Pick<ModelChoice, "preset">): Preset => presets[presetName(choice)];

const dataSource = (choice: Pick<ModelChoice, "preset" | "data">): string =>
  choice.data ?? presetOf(choice).data;

/** Opens the data that a choice names. */
export const chosenData = (choice: DataChoice & Pick<ModelChoice, "preset" | "seed">): Promise<Dataset> =>
  openData(dataSource(choice), choice.seed, openingOf(choice));

/** The run folder of a choice. */
export const outFolder = (
  choice: Pick<ModelChoice, "preset"> & { readonly out: string | undefined },
): string => choice.out ?? `runs/${presetName(choice)}`;

/** Images that the noise levels are suggested from. */
const suggestionSamples = 512;
/** Pairwise distances cost samples^2 dimensions / 2; beyond this, some seconds, large images are compared in smaller numbers. */
const suggestionCost = 2e9;

/** The noise ladder and Langevin step for a data set (Song & Ermon 2020, techniques 1, 2 and 4). */
export async function suggestFor(dataset: Dataset, preset: Preset): Promise<Suggestion> {
  const dimensions = sizeOf(dataset.shape);
  const affordable = Math.max(2, Math.floor(Math.sqrt((2 * suggestionCost) / dimensions)));
  const samples = Math.min(suggestionSamples, dataset.size, affordable);
  const images = new Float32Array(samples * dimensions);
  // Evenly spread, because files may be sorted by class.
  const stride = Number.isFinite(dataset.size) ? dataset.size / samples : 1;
  await dataset.read(
    Array.from({ length: samples }, (_, i) => Math.floor(i * stride)),
    images,
  );
  const { sigmaMin, overlap, stepsPerLevel } = preset;
  return suggest(images, samples, dimensions, { sigmaMin, overlap, stepsPerLevel });
}

/** Batch sizes of the sampling models: single images, previews, sheets. */
const samplingBatches = [1, 10, 60];

/** Authors the chosen model for a data set. */
export function authorFor(choice: ModelChoice, dataset: Dataset, suggestion: Suggestion) {
  const preset = presetOf(choice);
  const { config, network, classes } = presetNetwork(preset, dataset);
  const totalSteps = choice.steps ?? preset.steps;
  return author({
    preset: presetName(choice),
    model: { folder: "unet", config },
    noise: {
      preconditioning: preset.preconditioning,
      sigmas: [...suggestion.sigmas],
      sigmaData: suggestion.dataStd,
    },
    langevin: { stepSize: suggestion.stepSize, stepsPerLevel: suggestion.stepsPerLevel },
    data: { source: dataSource(choice), shape: [...dataset.shape], classes, options: openingOf(choice) },
    batch: choice.batch ?? preset.batch,
    ema: { decay: preset.emaDecay },
    network,
    objective: preset.objective,
    optimizer: {
      ...preset.optimizer,
      totalSteps,
      warmupSteps: Math.min(preset.optimizer.warmupSteps, Math.ceil(totalSteps / 10)),
      learningRate: choice.learningRate ?? preset.optimizer.learningRate,
    },
    samplingBatches,
  });
}

/** Opens the run folder of a choice; authors the model first when the folder has none. */
export async function runArtifact(
  choice: ModelChoice & { readonly out: string | undefined },
): Promise<Artifact> {
  const out = outFolder(choice);
  if (!(await isArtifact(out))) {
    const dataset = await chosenData(choice);
    const { manifest, files } = authorFor(choice, dataset, await suggestFor(dataset, presetOf(choice)));
    await writeArtifact(out, manifest, files);
  }
  const artifact = await openArtifact(out);
  requireSame(choice, artifact);
  return artifact;
}

/** What the graphs hold cannot be changed by an option. */
function requireSame(choice: ModelChoice, { where, manifest }: Artifact): void {
  for (const name of ["preset", "batch"] as const)
    if (choice[name] !== undefined && choice[name] !== manifest[name])
      throw new UserError(
        `${where} was authored with ${name} ${manifest[name]}, got --${name} ${choice[name]}; choose another --out`,
      );
}

/**
 * The number of steps and the learning rate may change from one start to the next; the manifest remembers the last.
 * Throws UserError for fewer steps than `done`.
 */
export async function withSteps(choice: ModelChoice, artifact: Artifact, done: number): Promise<Artifact> {
  const { optimizer } = artifact.manifest;
  if (choice.steps !== undefined && choice.steps < done)
    throw new UserError(
      `${artifact.where} is at step ${done} already; --steps counts from the start, expected at least ${done}, got ${choice.steps}`,
    );
  const totalSteps = choice.steps ?? optimizer.totalSteps;
  const learningRate = choice.learningRate ?? optimizer.learningRate;
  if (totalSteps === optimizer.totalSteps && learningRate === optimizer.learningRate) return artifact;
  const manifest = { ...artifact.manifest, optimizer: { ...optimizer, totalSteps, learningRate } };
  await writeManifest(artifact.where, manifest);
  return { ...artifact, manifest };
}
