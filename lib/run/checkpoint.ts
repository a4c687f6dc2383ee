// Checkpoints on disk: written atomically, checksummed, read back bit for bit.
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { carriedShapes, type Manifest } from "../artifact/manifest.ts";
import { flatParameters } from "../artifact/parameters.ts";
import { decodeSafetensors, type SafeTensor, safetensorsPieces } from "../artifact/safetensors.ts";
import { UserError } from "../errors.ts";
import { requireCarried } from "./carried.ts";
import { discard, filing, ifThere, jsonPieces, placeFolder, readHashed, readJson, sweep } from "./files.ts";
import { configFile, type Digests, weightsFile, writeFiles, writeWeights } from "./weights.ts";

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

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const emaFolder = ({ model }: Manifest) => `${model.folder}_ema`;

/** Says whose state a checkpoint holds: the same network, preconditioning, parameter layout and optimizer give the same print. */
function fingerprint({ model, noise, parameters, optimizer }: Manifest): string {
  const layout = parameters.map(({ name, shape, offset }) => [name, shape, offset]);
  const { preconditioning, sigmaData } = noise;
  const { kind, slots } = optimizer;
  return sha256(JSON.stringify([model.config, preconditioning, sigmaData, layout, kind, slots]));
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

/** Writes every file of a checkpoint; `trainer.json` last, for it vouches for the others. */
async function fill(folder: string, manifest: Manifest, state: TrainingState): Promise<void> {
  const { step, seed, skipped, tensors } = state;
  const digests = {
    ...(await writeWeights(folder, manifest.model.folder, manifest, tensors.params!)),
    ...(await writeWeights(folder, emaFolder(manifest), manifest, tensors.ema!)),
    ...(await writeFiles(folder, {
      [optimizerFile]: safetensorsPieces(tensorsBesideWeights(manifest, tensors)),
    })),
  };
  const record = { step, seed, skipped, fingerprint: fingerprint(manifest), sha256: digests };
  await writeFiles(folder, {
    [trainerFile]: jsonPieces({ ...record, checksum: sha256(JSON.stringify(record)) }),
  });
}

const stepOf = (name: string) => Number(/^step-(\d+)$/.exec(name)?.[1]);
const folderOf = (step: number) => `step-${String(step).padStart(8, "0")}`;
const checkpointsOf = (runDir: string) => join(runDir, "checkpoints");

/** Names of finished checkpoints, newest first; none where the folder is missing. */
async function finished(checkpoints: string): Promise<string[]> {
  const names = (await ifThere(fs.readdir(checkpoints))) ?? [];
  return names.filter((name) => stepOf(name) >= 0).sort((a, b) => stepOf(b) - stepOf(a));
}

/** Keeps the `keep` newest up to `step`; later ones belong to a run that was resumed from before them, and are not ours to judge. */
async function prune(checkpoints: string, step: number, keep: number): Promise<void> {
  const upToNow = (await finished(checkpoints)).filter((name) => stepOf(name) <= step);
  for (const name of upToNow.slice(Math.max(1, keep))) await discard(join(checkpoints, name));
}

/**
 * Saves `<runDir>/checkpoints/step-<step>/` atomically and returns its path, then removes all but the `keep` newest.
 * Throws UserError where the disk is full or refuses; earlier checkpoints are then untouched.
 */
export async function saveCheckpoint(
  runDir: string,
  manifest: Manifest,
  state: TrainingState,
  keep = 3,
): Promise<string> {
  requireCarried("saveCheckpoint", manifest, state.tensors);
  const checkpoints = checkpointsOf(runDir);
  const final = join(checkpoints, folderOf(state.step));
  await filing(`cannot save checkpoint ${final} (earlier ones are untouched)`, async () => {
    await fs.mkdir(checkpoints, { recursive: true });
    await sweep(checkpoints);
    await placeFolder(final, (folder) => fill(folder, manifest, state));
  });
  await filing(`saved ${final}, but cannot remove older checkpoints`, () =>
    prune(checkpoints, state.step, keep),
  );
  return final;
}

const trainerSchema = z.object({
  step: z.int().nonnegative(),
  seed: z.number(),
  skipped: z.int().nonnegative(),
  fingerprint: z.string(),
  sha256: z.record(z.string(), z.string()),
  checksum: z.string(),
});

async function readTrainer(folder: string, manifest: Manifest) {
  const path = join(folder, trainerFile);
  const parsed = trainerSchema.safeParse(await readJson(path));
  if (!parsed.success) throw new UserError(`${path}: not a record of a training run`);
  const { checksum, ...record } = parsed.data;
  if (checksum !== sha256(JSON.stringify(record))) throw new UserError(`${path}: checksum differs`);
  if (folderOf(record.step) !== basename(folder)) throw new UserError(`${path}: is of step ${record.step}`);
  if (record.fingerprint !== fingerprint(manifest)) {
    throw new UserError(`${path}: belongs to another model or optimizer than this manifest`);
  }
  return record;
}

async function readVerified(folder: string, name: string, digests: Digests): Promise<Uint8Array> {
  const path = join(folder, name);
  const { bytes, digest } = await filing(`cannot read ${path}`, () => readHashed(path));
  if (digest !== digests[name]) throw new UserError(`${path}: checksum differs`);
  return bytes;
}

async function readCheckpoint(folder: string, manifest: Manifest): Promise<TrainingState> {
  const { step, seed, skipped, sha256: digests } = await readTrainer(folder, manifest);
  const tensors: Record<string, Float32Array> = {};
  const folders = { params: manifest.model.folder, ema: emaFolder(manifest) };
  for (const [state, name] of Object.entries(folders)) {
    await readVerified(folder, `${name}/${configFile}`, digests);
    const bytes = await readVerified(folder, `${name}/${weightsFile}`, digests);
    tensors[state] = flatParameters(manifest, decodeSafetensors(bytes, join(folder, name)).tensors, folder);
  }
  const slots = decodeSafetensors(
    await readVerified(folder, optimizerFile, digests),
    join(folder, optimizerFile),
  );
  for (const [name, shape] of besideWeights(manifest)) {
    const tensor = slots.tensors.get(name);
    if (tensor?.dtype !== "F32" || tensor.shape.join() !== shape.join())
      throw new UserError(`${join(folder, optimizerFile)}: expected ${name} as F32 [${shape}]`);
    tensors[name] = tensor.data;
  }
  return { step, seed, skipped, tensors };
}

/**
 * Loads the newest checkpoint of a run that is whole and of this manifest, with a line for each newer one passed over;
 * undefined where the run has none. Throws UserError where it has some and none can be used.
 */
export async function loadNewestCheckpoint(
  runDir: string,
  manifest: Manifest,
): Promise<LoadedCheckpoint | undefined> {
  const checkpoints = checkpointsOf(runDir);
  const names = await filing(`cannot list ${checkpoints}`, () => finished(checkpoints));
  const problems: string[] = [];
  for (const name of names) {
    const path = join(checkpoints, name);
    try {
      const state = await readCheckpoint(path, manifest);
      return { state, path, problems: problems.map((problem) => `${problem}; using ${name} instead`) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  if (problems.length === 0) return undefined;
  throw new UserError(
    `${checkpoints}: no usable checkpoint (of ${problems.length}); the newest: ${problems[0]}`,
  );
}
