// What a checkpoint is: its files and their bytes, and the record that vouches for them, on a disk or in a page.
import { z } from "zod";
import { carriedShapes, type Manifest } from "../artifact/manifest.ts";
import { decodeSafetensors, type SafeTensor, safetensorsPieces } from "../artifact/safetensors.ts";
import { UserError } from "../errors.ts";
import { requireCarried } from "./carried.ts";
import {
  type Digests,
  type Fetch,
  jsonPieces,
  type Keep,
  keepAll,
  parseJson,
  sha256,
  textPieces,
} from "./contents.ts";
import { configFile, flatWeights, weightFiles, weightsFile } from "./weight-files.ts";

/** Where training stands: `tensors` are the float32 tensors that `carriedShapes` lists. */
export interface TrainingState {
  readonly step: number;
  readonly seed: number;
  /** Steps whose loss was not finite and that changed nothing. */
  readonly skipped: number;
  readonly tensors: Readonly<Record<string, Float32Array>>;
}

export interface LoadedCheckpoint {
  readonly state: TrainingState;
  readonly path: string;
  /** One line for each newer checkpoint that could not be used, and why. */
  readonly problems: readonly string[];
}

const optimizerFile = "optimizer.safetensors";
const trainerFile = "trainer.json";

/** The folder of a run that its checkpoints are in. */
export const checkpointsFolder = "checkpoints";

/** The name of a step's checkpoint, and the step of a checkpoint's name, NaN for other names. */
export const checkpointName = (step: number) => `step-${String(step).padStart(8, "0")}`;
export const stepOf = (name: string) => Number(/^step-(\d+)$/.exec(name)?.[1]);

/** The names that are checkpoints', newest first. */
export const newestFirst = (names: Iterable<string>): string[] =>
  [...names].filter((name) => stepOf(name) >= 0).sort((a, b) => stepOf(b) - stepOf(a));

const hashOf = (text: string) => sha256(textPieces(text)[0]!);
const emaFolder = ({ model }: Manifest) => `${model.folder}_ema`;

/** Says whose state a checkpoint holds: the same network, preconditioning, parameter layout and optimizer give the same print. */
function fingerprint({ model, noise, parameters, optimizer }: Manifest): Promise<string> {
  const layout = parameters.map(({ name, shape, offset }) => [name, shape, offset]);
  const { preconditioning, sigmaData } = noise;
  const { kind, slots } = optimizer;
  return hashOf(JSON.stringify([model.config, preconditioning, sigmaData, layout, kind, slots]));
}

/** What lies beside the two sets of weights: the optimizer's slots, and chains. */
const besideWeights = (manifest: Manifest) =>
  [...carriedShapes(manifest)].filter(([name]) => name !== "params" && name !== "ema");

function tensorsBesideWeights(
  manifest: Manifest,
  tensors: TrainingState["tensors"],
): Map<string, SafeTensor> {
  return new Map(
    besideWeights(manifest).map(([name, shape]) => [name, { dtype: "F32", shape, data: tensors[name]! }]),
  );
}

/**
 * Has every file of a checkpoint kept; `trainer.json` last, for it vouches for the others.
 * Throws Error for a state that is not of this manifest.
 */
export async function keepCheckpoint(manifest: Manifest, state: TrainingState, keep: Keep): Promise<void> {
  const { step, seed, skipped, tensors } = state;
  requireCarried("checkpoint", manifest, tensors);
  const digests = await keepAll(keep, {
    ...weightFiles(manifest.model.folder, manifest, tensors.params!),
    ...weightFiles(emaFolder(manifest), manifest, tensors.ema!),
    [optimizerFile]: safetensorsPieces(tensorsBesideWeights(manifest, tensors)),
  });
  const record = { step, seed, skipped, fingerprint: await fingerprint(manifest), sha256: digests };
  const checksum = await hashOf(JSON.stringify(record));
  await keep(trainerFile, jsonPieces({ ...record, checksum }));
}

const trainerSchema = z.object({
  step: z.int().nonnegative(),
  seed: z.number(),
  skipped: z.int().nonnegative(),
  fingerprint: z.string(),
  sha256: z.record(z.string(), z.string()),
  checksum: z.string(),
});

/** A place that keeps checkpoints. */
export interface Checkpoints {
  /** The place, for error messages. */
  readonly where: string;
  /** Of the checkpoints, newest first. */
  readonly names: readonly string[];
  /** Fetches `<checkpoint>/<file>`. */
  readonly fetch: Fetch;
}

/** One checkpoint of a place. */
interface Checkpoint extends Pick<Checkpoints, "fetch"> {
  readonly name: string;
  readonly path: string;
}

async function readTrainer({ name, path, fetch }: Checkpoint, manifest: Manifest) {
  const where = `${path}/${trainerFile}`;
  const { bytes } = await fetch(trainerFile);
  const parsed = trainerSchema.safeParse(parseJson(new TextDecoder().decode(bytes), where));
  if (!parsed.success) throw new UserError(`${where}: not a record of a training run`);
  const { checksum, ...record } = parsed.data;
  if (checksum !== (await hashOf(JSON.stringify(record)))) throw new UserError(`${where}: checksum differs`);
  if (checkpointName(record.step) !== name) throw new UserError(`${where}: is of step ${record.step}`);
  if (record.fingerprint !== (await fingerprint(manifest)))
    throw new UserError(`${where}: belongs to another model or optimizer than this manifest`);
  return record;
}

async function verified({ path, fetch }: Checkpoint, name: string, digests: Digests): Promise<Uint8Array> {
  const { bytes, digest } = await fetch(name);
  if (digest !== digests[name]) throw new UserError(`${path}/${name}: checksum differs`);
  return bytes;
}

async function readCheckpoint(checkpoint: Checkpoint, manifest: Manifest): Promise<TrainingState> {
  const { path } = checkpoint;
  const { step, seed, skipped, sha256: digests } = await readTrainer(checkpoint, manifest);
  const tensors: Record<string, Float32Array> = {};
  const folders = { params: manifest.model.folder, ema: emaFolder(manifest) };
  for (const [state, name] of Object.entries(folders)) {
    await verified(checkpoint, `${name}/${configFile}`, digests);
    const bytes = await verified(checkpoint, `${name}/${weightsFile}`, digests);
    tensors[state] = flatWeights(manifest, bytes, `${path}/${name}`);
  }
  const where = `${path}/${optimizerFile}`;
  const slots = decodeSafetensors(await verified(checkpoint, optimizerFile, digests), where);
  for (const [name, shape] of besideWeights(manifest)) {
    const tensor = slots.tensors.get(name);
    if (tensor?.dtype !== "F32" || tensor.shape.join() !== shape.join())
      throw new UserError(`${where}: expected ${name} as F32 [${shape}]`);
    tensors[name] = tensor.data;
  }
  return { step, seed, skipped, tensors };
}

/**
 * The newest checkpoint of a place that is whole and of this manifest, with a line for each newer one passed over;
 * undefined where there is none. Throws UserError where there are some and none can be used.
 */
export async function newestCheckpoint(
  { where, names, fetch }: Checkpoints,
  manifest: Manifest,
): Promise<LoadedCheckpoint | undefined> {
  const problems: string[] = [];
  for (const name of names) {
    const path = `${where}/${name}`;
    try {
      const checkpoint = { name, path, fetch: (file: string) => fetch(`${name}/${file}`) };
      const state = await readCheckpoint(checkpoint, manifest);
      return { state, path, problems: problems.map((problem) => `${problem}; using ${name} instead`) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length === 0) return undefined;
  throw new UserError(`${where}: no usable checkpoint (of ${problems.length}); the newest: ${problems[0]}`);
}
