// Checkpoints on disk: written atomically, the newest whole one read back, older ones removed.
import fs from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../artifact/manifest.ts";
import {
  checkpointName,
  checkpointsFolder,
  keepCheckpoint,
  type LoadedCheckpoint,
  newestCheckpoint,
  newestFirst,
  stepOf,
  type TrainingState,
} from "./checkpoint-files.ts";
import { discard, filing, fillFolder, ifThere, placeFolder, readHashed, sweep } from "./files.ts";

const checkpointsOf = (runDir: string) => join(runDir, checkpointsFolder);

/** Names of finished checkpoints, newest first; none where the folder is missing. */
const finished = async (checkpoints: string): Promise<string[]> =>
  newestFirst((await ifThere(fs.readdir(checkpoints))) ?? []);

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
  const checkpoints = checkpointsOf(runDir);
  const final = join(checkpoints, checkpointName(state.step));
  await filing(`cannot save checkpoint ${final} (earlier ones are untouched)`, async () => {
    await fs.mkdir(checkpoints, { recursive: true });
    await sweep(checkpoints);
    await placeFolder(final, (folder) =>
      fillFolder(folder, (keepFile) => keepCheckpoint(manifest, state, keepFile)),
    );
  });
  await filing(`saved ${final}, but cannot remove older checkpoints`, () =>
    prune(checkpoints, state.step, keep),
  );
  return final;
}

/**
 * Loads the newest checkpoint of a run that is whole and of this manifest, with a line for each newer one passed over;
 * undefined where the run has none. Throws UserError where it has some and none can be used.
 */
export async function loadNewestCheckpoint(
  runDir: string,
  manifest: Manifest,
): Promise<LoadedCheckpoint | undefined> {
  const where = checkpointsOf(runDir);
  const names = await filing(`cannot list ${where}`, () => finished(where));
  const fetch = (name: string) => {
    const path = join(where, name);
    return filing(`cannot read ${path}`, () => readHashed(path));
  };
  return newestCheckpoint({ where, names, fetch }, manifest);
}
