// Run folders: finding them, making them, and what a run writes besides checkpoints.
import { appendFileSync } from "node:fs";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { loadNewestCheckpoint } from "../../lib/run/checkpoint.ts";
import { filing } from "../../lib/run/files.ts";
import { metricsLine } from "../../lib/run/metrics-lines.ts";
import type { OwnSampling } from "../../lib/run/scheduler-config.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { readModelWeights } from "../../lib/run/weights.ts";
import { tell } from "./progress.ts";

const runsFolder = "runs";

/** The model that comes with the project. */
const shippedModel = join(import.meta.dir, "../../assets/models/digits");

/** The newest run, or the model that comes with the project where there is none. */
export const newestModel = async (): Promise<string> => (await findNewestRun()) ?? shippedModel;

/** The folder that sheets of a model's samples are put into: its own, but for the shipped one. */
export const sheetsFolder = (where: string): string =>
  join(where === shippedModel ? runsFolder : where, "samples");

/** The folder in `runs/` that was changed last. Throws UserError when there is none. */
export async function newestRun(): Promise<string> {
  const newest = await findNewestRun();
  if (newest !== undefined) return newest;
  throw new UserError(`no run in ${runsFolder}/; train one with \`bun scripts/train.ts\`, or name a folder`);
}

async function findNewestRun(): Promise<string | undefined> {
  const names = await readdir(runsFolder).catch(() => []);
  const dated = await Promise.all(
    names.map(async (name) => {
      const changed = await stat(join(runsFolder, name, "manifest.json")).catch(() => undefined);
      return { path: join(runsFolder, name), changed: changed?.mtimeMs ?? 0 };
    }),
  );
  return dated.filter(({ changed }) => changed > 0).sort((a, b) => b.changed - a.changed)[0]?.path;
}

export interface TrainedWeights {
  readonly weights: Float32Array;
  /** The file or checkpoint that they come from. */
  readonly from: string;
}

export interface TrainedModel {
  readonly artifact: Artifact;
  /** What the model is sampled with where nothing is chosen; empty for models of our own, whose manifest says it. */
  readonly sampling: Partial<OwnSampling>;
  weights(): Promise<TrainedWeights>;
}

/** The averaged weights of a run's newest whole checkpoint, else the weights of a model folder or of the run's own. */
export async function trainedWeights({ where, manifest }: Artifact): Promise<TrainedWeights> {
  const checkpoint = await loadNewestCheckpoint(where, manifest);
  checkpoint?.problems.forEach(tell);
  if (checkpoint) return { weights: checkpoint.state.tensors.ema!, from: checkpoint.path };
  for (const dir of [where, join(where, "model")]) {
    const from = join(dir, manifest.model.folder);
    if (await stat(from).catch(() => undefined))
      return { weights: await readModelWeights(dir, manifest), from };
  }
  throw new UserError(
    `${where}: no checkpoint yet and no weights in ${manifest.model.folder}/; train with \`bun scripts/train.ts --out ${where}\``,
  );
}

/**
 * Keeps other trainings out of a run folder until it is disposed of: they would sweep away each other's unfinished files.
 * What a killed process left behind is no hindrance. Throws UserError while another process trains there.
 */
export async function claimRun(where: string): Promise<AsyncDisposable> {
  const path = join(where, "training.lock");
  const holder = Number(await readFile(path, "utf8").catch(() => ""));
  if (holder !== process.pid && isAlive(holder))
    throw new UserError(
      `${where}: process ${holder} trains there; wait for it or choose another --out (if it does something else, delete ${path})`,
    );
  await filing(`cannot write ${path}`, async () => {
    await rm(path, { force: true });
    await writeFile(path, String(process.pid), { flag: "wx" });
  });
  return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
}

function isAlive(pid: number): boolean {
  if (!(Number.isInteger(pid) && pid > 0)) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but is there.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Appends one line of JSON. Throws UserError when the disk refuses. */
export function appendLine(path: string, record: object): void {
  try {
    appendFileSync(path, metricsLine(record));
  } catch (cause) {
    throw new UserError(`cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
