// From names on the command line to data, suggested noise levels and authored graphs.
import { basename, join } from "node:path";
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import { samplesAtOnce } from "../../lib/artifact/manifest.ts";
import { type ObjectiveName, objectives } from "../../lib/author/objectives/index.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import type { Device } from "../../lib/run/device.ts";
import { isArtifact, openArtifact, writeArtifact, writeManifest } from "../../lib/run/folder.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { type FamilyWeightingName, familyWeightings } from "../../lib/theory/family.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import type { Preset } from "../../models/preset.ts";
import { type PresetName, presets } from "../../models/presets.ts";
import { authorModel } from "../recipes/author-model.ts";
import { suggestFor } from "../recipes/suggest-for.ts";
import { type DataChoice, dataOptions, namesPoints, openData, openingOf } from "./data.ts";
import { amount, count, dashed, level, optionalChoice, toggle, type Values } from "./options.ts";
import { table } from "./report.ts";

const presetNames = Object.keys(presets) as PresetName[];
const objectiveNames = Object.keys(objectives) as ObjectiveName[];
const weightingNames = Object.keys(familyWeightings) as FamilyWeightingName[];

/** Options that say which model is made for which data. */
export const modelOptions = {
  preset: optionalChoice(
    "--preset <name>",
    "network and training settings (default digits, for points density)",
    presetNames,
  ),
  ...dataOptions,
  objective: optionalChoice(
    "--objective <name>",
    "what is minimised (default: the preset's)",
    objectiveNames,
  ),
  sigma: level("--sigma <x>", "one noise level instead of a ladder; 0 for the data as they are"),
  weighting: optionalChoice("--weighting <name>", "how noise levels count in the loss", weightingNames),
  times: optionalChoice(
    "--times <how>",
    "how a schedule's times are drawn: as often as each other, or by the losses seen there (default uniform)",
    ["uniform", "loss-second-moment"],
  ),
  negatives: optionalChoice("--negatives <start>", "where the chains of contrastive divergence start", [
    "short-run",
    "persistent",
    "contrastive-divergence",
  ]),
  batch: count("--batch <n>", "samples per step (default: the preset's)"),
  microBatch: count(
    "--micro-batch <n>",
    "samples at once, a divisor of the batch: the same step in less memory (default: the batch)",
  ),
  gradientCheckpointing: toggle(
    "--gradient-checkpointing",
    "keep few results for the backward pass and compute the others twice: less memory, more time",
  ),
  steps: count("--steps <n>", "training steps (default: the preset's)"),
  learningRate: amount("--learning-rate <x>", "peak learning rate (default: the preset's)"),
};

export type ModelChoice = Values<typeof modelOptions> & { readonly seed: number };

/** The choice that leaves everything to the preset. */
export const unchosen: Omit<ModelChoice, "seed"> = {
  preset: undefined,
  data: undefined,
  imageSize: undefined,
  fit: undefined,
  channels: undefined,
  background: undefined,
  objective: undefined,
  sigma: undefined,
  weighting: undefined,
  times: undefined,
  negatives: undefined,
  batch: undefined,
  microBatch: undefined,
  gradientCheckpointing: false,
  steps: undefined,
  learningRate: undefined,
};

/** Presets and objectives as aligned tables for the help. */
export const modelTables = `Presets:
${table(presetNames.map((name) => [`  ${name}`, presets[name].summary]))}

Objectives, with their backward passes for one gradient (D dimensions):
${table(objectiveNames.map((name) => [`  ${name}`, objectives[name].backwardPasses, objectives[name].summary]))}`;

type PresetChoice = Pick<ModelChoice, "preset" | "data">;

/** What is named, else what suits the data. */
const presetName = ({ preset, data }: PresetChoice): PresetName =>
  preset ?? (data !== undefined && namesPoints(data) ? "density" : "digits");

export const presetOf = (choice: PresetChoice): Preset => presets[presetName(choice)];

const dataSource = (choice: PresetChoice): string => choice.data ?? presetOf(choice).data;

/** Opens the data that a choice names. */
export const chosenData = (choice: DataChoice & Pick<ModelChoice, "preset" | "seed">): Promise<Dataset> =>
  openData(dataSource(choice), choice.seed, openingOf(choice));

type OutChoice = PresetChoice & Pick<ModelChoice, "objective"> & { readonly out: string | undefined };

/** The run folder of a choice: named after the preset, and after data and objective where they are not the preset's. */
export function outFolder(choice: OutChoice): string {
  const preset = presetOf(choice);
  const others = [
    choice.data === preset.data ? undefined : choice.data && slug(choice.data),
    choice.objective === preset.objective ? undefined : choice.objective,
  ];
  const parts = [presetName(choice), ...others.filter((part) => part !== undefined)];
  return choice.out ?? join("runs", parts.join("-"));
}

/** The last part of a path or a name as a part of a folder's name. */
export const slug = (source: string): string => basename(source).replaceAll(/[^A-Za-z0-9]+/g, "-");

/** Authors the chosen model for a data set. */
export const authorFor = (
  choice: ModelChoice,
  dataset: Dataset,
  suggestion: Suggestion,
  lowering?: LoweringName,
) =>
  authorModel(
    {
      ...choice,
      preset: presetName(choice),
      source: dataSource(choice),
      opening: openingOf(choice),
      lowering,
    },
    dataset,
    suggestion,
  );

/** Opens the run folder of a choice; authors the model for the device first when the folder has none. */
export async function runArtifact(
  choice: ModelChoice & { readonly out: string | undefined },
  { lowering }: Device,
): Promise<Artifact> {
  const out = outFolder(choice);
  if (!(await isArtifact(out))) {
    const dataset = await chosenData(choice);
    const { manifest, files } = authorFor(
      choice,
      dataset,
      await suggestFor(dataset, presetOf(choice)),
      lowering,
    );
    await writeArtifact(out, manifest, files);
  }
  const artifact = await openArtifact(out);
  requireSame(choice, artifact);
  return artifact;
}

/** What the graphs hold cannot be changed by an option. */
function requireSame(choice: ModelChoice, { where, manifest }: Artifact): void {
  const { preset, batch, objective, noise, gradientCheckpointing } = manifest;
  const times = noise.training.kind === "loss-second-moment" ? noise.training.kind : "uniform";
  const { weighting, sigmas } = noise;
  const microBatch = samplesAtOnce(manifest);
  const sigma = sigmas.join(" ");
  if (choice.gradientCheckpointing && !gradientCheckpointing)
    throw new UserError(
      `${where} was authored without gradient checkpointing, got --gradient-checkpointing; choose another --out`,
    );
  const authored = { preset, batch, microBatch, objective, weighting, times, sigma };
  for (const [name, value] of Object.entries(authored)) {
    const chosen = choice[name as keyof typeof authored];
    if (chosen !== undefined && String(chosen) !== String(value))
      throw new UserError(
        `${where} was authored with ${dashed(name)} ${value}, got --${dashed(name)} ${chosen}; choose another --out`,
      );
  }
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
