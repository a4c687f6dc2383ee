// Writes a file so that a reader, or a crash, never meets half of it.

import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.ts";

/** Writes the bytes to `path`; missing folders are made. Throws UserError where the file system refuses; an older file then stays. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeAndRename(path, bytes);
  } catch (cause) {
    throw new UserError(`cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

async function writeAndRename(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}
