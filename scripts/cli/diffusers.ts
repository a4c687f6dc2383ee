// Models in diffusers' own folders: a U-Net, its weights and its scheduler, as an artifact in memory.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { author } from "../../lib/author/author.ts";
import { UserError } from "../../lib/errors.ts";
import { readJson } from "../../lib/run/files.ts";
import { readSchedulerConfig } from "../../lib/run/scheduler-config.ts";
import { configFile, weightsFile } from "../../lib/run/weight-files.ts";
import { readWeights } from "../../lib/run/weights.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { rangeOf, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import { unetModel } from "../../models/model.ts";
import { type UnetConfig, unetConfig } from "../../models/unet-config.ts";
import { balancedLangevin } from "../recipes/noise.ts";
import type { TrainedModel } from "./run-folder.ts";

/** Opens a pipeline of diffusers, or its U-Net and scheduler in one folder. Throws UserError for parts that this build cannot use. */
export async function openDiffusers(folder: string): Promise<TrainedModel> {
  await requirePipeline(folder);
  const unet = await unetFolder(folder);
  if (!unet)
    throw new UserError(`${folder}: expected a U-Net of diffusers, ${parts(unetPlaces, configFile)}`);
  const scheduler = await readScheduler(folder);
  const config = await readConfig(join(unet, configFile), scheduler);
  const { manifest, files } = authored(config, scheduler);
  return {
    artifact: { manifest, where: folder, read: async (file) => files.get(file)! },
    sampling: scheduler.sampling,
    weights: async () => {
      await requireSafetensors(unet);
      return { weights: await readWeights(unet, manifest), from: unet };
    },
  };
}

const schedulerFile = "scheduler_config.json";
/** The places of the parts, in a pipeline or by themselves. */
const unetPlaces = ["unet", "."];
const schedulerPlaces = ["scheduler", "."];

const parts = (places: readonly string[], file: string) =>
  places.map((place) => join(place, file)).join(" or ");

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The first of the places in a folder that has the file. */
async function placeOf(folder: string, places: readonly string[], file: string): Promise<string | undefined> {
  for (const place of places) if (await exists(join(folder, place, file))) return join(folder, place);
  return undefined;
}

/** The folder of the U-Net, if there is one in a folder of diffusers. */
export const unetFolder = (folder: string): Promise<string | undefined> =>
  placeOf(folder, unetPlaces, configFile);

/** Pipelines with more parts than a network and a scheduler, such as an autoencoder, draw something else than images with it. */
const pipelines = ["DDPMPipeline", "DDIMPipeline"];

async function requirePipeline(folder: string): Promise<void> {
  const path = join(folder, "model_index.json");
  if (await exists(path)) requireClass(await readJson(path), pipelines, path);
}

function requireClass(json: unknown, expected: readonly string[], where: string): object {
  const config = typeof json === "object" && json !== null ? json : {};
  const name = "_class_name" in config ? config._class_name : undefined;
  if (!expected.some((each) => each === name))
    throw new UserError(`${where}: expected ${expected.join(" or ")}, got ${JSON.stringify(name)}`);
  return config;
}

async function readScheduler(folder: string) {
  const place = await placeOf(folder, schedulerPlaces, schedulerFile);
  if (!place)
    throw new UserError(
      `${folder}: expected ${parts(schedulerPlaces, schedulerFile)}, which says what noise the model knows`,
    );
  const path = join(place, schedulerFile);
  return readSchedulerConfig(await readJson(path), path);
}

async function readConfig(path: string, { sampling }: Scheduler): Promise<UnetConfig> {
  const json = requireClass(await readJson(path), ["UNet2DModel"], path);
  // Dropout acts in training only.
  const config = unetConfig({ ...json, dropout: 0 });
  const learned = sampling.variance === "learned";
  if (config.out_channels !== config.in_channels * (learned ? 2 : 1))
    throw new UserError(
      `${path}: expected as many out_channels as in_channels, or with variance_type learned_range twice as many, got ${config.out_channels} for ${config.in_channels}`,
    );
  return config;
}

async function requireSafetensors(unet: string): Promise<void> {
  if (!(await exists(join(unet, weightsFile))))
    throw new UserError(
      `${unet}: expected ${weightsFile}; diffusers writes it with save_pretrained(folder, safe_serialization=True)`,
    );
}

type Scheduler = Awaited<ReturnType<typeof readScheduler>>;

/** The model's graphs, as they would be after training here. */
function authored(config: UnetConfig, { preconditioning, schedule: record, sampling }: Scheduler) {
  const { sample_size: size, in_channels, num_class_embeds: classes } = config;
  const [height, width] = typeof size === "number" ? [size, size] : size;
  const shape = [in_channels, height, width];
  const schedule = openScheduleOf(record);
  const sigmas = sigmaGrids.native({ steps: schedule.discrete!.steps, schedule, ...rangeOf(schedule) });
  const model = unetModel(config, { learnedVariance: sampling.variance === "learned" })({
    shape,
    classes: classes ?? 0,
    levels: sigmas.length,
  });
  const training = { kind: "schedule" } as const;
  return author({
    preset: "diffusers",
    model: model.description,
    network: model.network,
    objective: "denoising",
    noise: {
      preconditioning,
      weighting: "sigma-squared",
      schedule: record,
      training,
      sigmas,
      sigmaData: 0.5,
    },
    langevin: balancedLangevin(sigmas, 1),
    data: { source: "diffusers", shape, classes: model.classes, options: {} },
    batch: 1,
    ema: { decay: 0 },
    optimizer: neverUsed,
    samplingBatches: samplingBatches.filter((n) => n === 1 || n * height * width <= pixelsAtOnce),
  });
}

const neverUsed = {
  kind: "sgd",
  learningRate: 1,
  warmupSteps: 0,
  decay: "constant",
  totalSteps: 1,
  weightDecay: 0,
  clipNorm: null,
  momentum: 0,
} as const;

const samplingBatches = [1, 10, 60];
/** Sixty images of 32×32: memory grows with the pixels of a batch. */
const pixelsAtOnce = 60 * 32 * 32;
