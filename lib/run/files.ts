// Files and folders that are written whole or not at all, and flushed to the disk.
import { createHash } from "node:crypto";
import fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { type Keep, type Pieces, parseJson } from "./contents.ts";

/** Unfinished and discarded names begin with this; whatever is found under it is rubbish of a killed process. */
const rubbish = ".unfinished-";
const unfinished = (path: string) => join(dirname(path), rubbish + basename(path));
const discarded = (path: string) => join(dirname(path), `${rubbish}discarded-${basename(path)}`);
/** Bytes per read and write, so that a large file does not hold up everything else. */
const stride = 2 ** 24;

/** Runs file work; an error of the file system (full disk, no permission…) becomes a UserError: what failed, and its cause. */
export async function filing<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && "syscall" in cause)) throw cause;
    throw new UserError(`${what}: ${cause.message.replace(/\s+/g, " ")}`, { cause });
  }
}

/** What file work answers, or undefined where what it needs does not exist. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** Writes a new file and flushes it to the disk; returns its SHA-256. Throws where the file exists. */
export async function writeFlushed(path: string, pieces: Pieces): Promise<string> {
  await using file = await fs.open(path, "wx");
  const hash = createHash("sha256");
  for (const piece of pieces) {
    for (let start = 0; start < piece.length; ) {
      const { bytesWritten } = await file.write(piece, start, Math.min(stride, piece.length - start));
      hash.update(piece.subarray(start, start + bytesWritten));
      start += bytesWritten;
    }
  }
  await file.sync();
  return hash.digest("hex");
}

/** Reads a file, and its SHA-256 with it. */
export async function readHashed(path: string): Promise<{ bytes: Uint8Array; digest: string }> {
  await using file = await fs.open(path, "r");
  const bytes = new Uint8Array((await file.stat()).size);
  const hash = createHash("sha256");
  for (let start = 0; start < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, start, Math.min(stride, bytes.length - start), start);
    if (bytesRead === 0) throw new UserError(`${path}: shrank while it was read`);
    hash.update(bytes.subarray(start, start + bytesRead));
    start += bytesRead;
  }
  return { bytes, digest: hash.digest("hex") };
}

/** Reads a JSON file. Throws UserError where it cannot be read or holds something else. */
export async function readJson(path: string): Promise<unknown> {
  return parseJson(await filing(`cannot read ${path}`, () => fs.readFile(path, "utf8")), path);
}

/** Has new files written into a folder, which and its own folders are made where they lack, and flushes all of it. */
export async function fillFolder(path: string, fill: (keep: Keep) => Promise<unknown>): Promise<void> {
  const folders = new Set<string>();
  await fill(async (name, pieces) => {
    const file = join(path, name);
    await fs.mkdir(dirname(file), { recursive: true });
    folders.add(dirname(file));
    return writeFlushed(file, pieces);
  });
  for (const folder of folders) await syncFolder(folder);
}

/** Makes renames and new files in a folder durable; Windows cannot open folders and orders them by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await using folder = await fs.open(path, "r");
  await folder.sync();
}

/** Writes a file beside the final name, flushes it and renames it into place; a failure until then leaves the older file as it was. */
export async function placeFile(path: string, pieces: Pieces): Promise<void> {
  await placing(path, async (beside) => {
    await writeFlushed(beside, pieces);
    await fs.rename(beside, path);
  });
}

/**
 * Makes a folder beside the final name, has it filled, and renames it into place; an older folder gives way only then.
 * A failure until then leaves the older folder as it was, and nothing half-written.
 */
export async function placeFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await placing(path, async (beside) => {
    await fs.mkdir(beside, { recursive: true });
    await fill(beside);
    await syncFolder(beside);
    await giveWay(path, () => fs.rename(beside, path));
  });
  // The new folder stands; an old one that cannot be removed is rubbish for the next time, and no failure.
  await fs.rm(discarded(path), { recursive: true, force: true }).catch(() => {});
}

/** Clears the place beside the final name, lets the work use it, and makes the outcome durable; a failure clears it again. */
async function placing(path: string, work: (beside: string) => Promise<void>): Promise<void> {
  const beside = unfinished(path);
  const clear = () => fs.rm(beside, { recursive: true, force: true });
  await clear();
  try {
    await work(beside);
  } catch (error) {
    await clear().catch(() => {}); // the first error is the one to tell
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Moves a folder, if there is one, aside while a newer one takes its place, and back if that fails. */
async function giveWay(path: string, takePlace: () => Promise<void>): Promise<void> {
  const aside = discarded(path);
  await fs.rm(aside, { recursive: true, force: true });
  const moved = await ifThere(fs.rename(path, aside).then(() => true));
  try {
    await takePlace();
  } catch (error) {
    if (moved) await fs.rename(aside, path).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

/** Removes a folder so that it is never seen half removed. */
export async function discard(path: string): Promise<void> {
  const aside = discarded(path);
  await fs.rename(path, aside);
  await fs.rm(aside, { recursive: true });
}

/** Removes what killed processes left in a folder. */
export async function sweep(folder: string): Promise<void> {
  for (const name of await fs.readdir(folder)) {
    if (name.startsWith(rubbish)) await fs.rm(join(folder, name), { recursive: true });
  }
}
