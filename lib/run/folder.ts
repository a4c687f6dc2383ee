// Artifact folders: graph files and the manifest that says what they are, opened and written.
import fs from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, parseManifest } from "../artifact/manifest.ts";
import { UserError } from "../errors.ts";
import { readManifest, writeModel } from "./checkpoint.ts";
import type { Artifact } from "./session.ts";

const manifestFile = "manifest.json";
const author = (dir: string) => `write one with \`bun scripts/author.ts --out ${dir}\``;

/** The graph files that a manifest names. */
function filesOf({ graphs: { sampling, ...others } }: Manifest): string[] {
  return [...new Set([...Object.values(others), ...sampling].map(({ file }) => file))];
}

const exists = (path: string) =>
  fs.stat(path).then(
    () => true,
    () => false,
  );

/** Opens the artifact in a folder; graphs are read when asked for. Throws UserError where folder, manifest or graphs lack. */
export async function openArtifact(dir: string): Promise<Artifact> {
  if (!(await exists(dir)))
    throw new UserError(`${dir}: no such folder, expected an artifact; ${author(dir)}`);
  if (!(await exists(join(dir, manifestFile))))
    throw new UserError(`${dir}: expected a ${manifestFile}, there is none; ${author(dir)}`);
  return { manifest: await readManifest(dir), where: dir, read: (file) => readGraph(dir, file) };
}

/** Whether the folder holds an artifact, whole or not. */
export const isArtifact = (dir: string): Promise<boolean> => exists(join(dir, manifestFile));

async function readGraph(dir: string, file: string): Promise<Uint8Array> {
  const path = join(dir, file);
  if (!(await exists(path)))
    throw new UserError(`${dir}: expected ${file}, which ${manifestFile} names; ${author(dir)}`);
  try {
    return new Uint8Array(await fs.readFile(path));
  } catch (cause) {
    throw new UserError(`cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

/** Writes beside the final name and renames, so that a reader never meets half a file. */
async function place(path: string, bytes: Uint8Array | string): Promise<void> {
  const beside = `${path}.unfinished`;
  await fs.writeFile(beside, bytes);
  await fs.rename(beside, path);
}

/**
 * Writes an artifact's graphs and, last, its manifest, so that a folder with a manifest is whole.
 * Throws UserError where the file system refuses, Error where the manifest names a graph that `files` lacks.
 */
export async function writeArtifact(
  dir: string,
  manifest: Manifest,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  parseManifest(manifest, "writeArtifact");
  const lacking = filesOf(manifest).filter((file) => !files.has(file));
  if (lacking.length > 0)
    throw new Error(`writeArtifact: the manifest names ${lacking.join(", ")}, which are not given`);
  try {
    await fs.mkdir(dir, { recursive: true });
    await fs.rm(join(dir, manifestFile), { force: true });
    for (const [file, bytes] of files) await place(join(dir, file), bytes);
    await writeManifest(dir, manifest);
  } catch (cause) {
    throw new UserError(
      `cannot write an artifact to ${dir}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}

/** Writes a manifest in place of the one in the folder. */
export function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  return place(join(dir, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Writes all that sampling needs as a folder of its own, in place of an older one: manifest, sampling graphs and the
 * weights in diffusers' layout. Throws UserError where the file system refuses; the older folder is then untouched.
 */
export async function writeModelFolder(
  dir: string,
  artifact: Artifact,
  weights: Float32Array,
): Promise<void> {
  const { manifest, read } = artifact;
  const beside = `${dir}.unfinished`;
  try {
    await fs.rm(beside, { recursive: true, force: true });
    await fs.mkdir(beside, { recursive: true });
    for (const { file } of manifest.graphs.sampling) await place(join(beside, file), await read(file));
    await writeModel(beside, manifest, weights);
    await writeManifest(beside, manifest);
    await fs.rm(dir, { recursive: true, force: true });
    await fs.rename(beside, dir);
  } catch (cause) {
    throw new UserError(
      `cannot write the model to ${dir}: ${cause instanceof Error ? cause.message : cause}`,
      { cause },
    );
  }
}
