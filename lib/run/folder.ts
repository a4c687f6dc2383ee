// Artifact folders: graph files and the manifest that says what they are, opened and written.
import fs from "node:fs/promises";
import { join } from "node:path";
import { graphFiles, manifestFile, portable } from "../artifact/graph-files.ts";
import { type Manifest, parseManifest } from "../artifact/manifest.ts";
import { UserError } from "../errors.ts";
import { jsonPieces } from "./contents.ts";
import { filing, placeFile, placeFolder, readJson, writeFlushed } from "./files.ts";
import type { Artifact } from "./session.ts";
import { writeModel, writePipeline } from "./weights.ts";

const author = (dir: string) => `write one with \`bun scripts/author.ts --out ${dir}\``;

const exists = (path: string) =>
  fs.stat(path).then(
    () => true,
    () => false,
  );

/** The manifest in a run or artifact folder. Throws UserError where there is none that this build reads. */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, manifestFile);
  return parseManifest(await readJson(path), path);
}

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
  return filing(`cannot read ${path}`, async () => new Uint8Array(await fs.readFile(path)));
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
  const lacking = graphFiles(manifest).filter((file) => !files.has(file));
  if (lacking.length > 0)
    throw new Error(`writeArtifact: the manifest names ${lacking.join(", ")}, which are not given`);
  await filing(`cannot write an artifact to ${dir}`, async () => {
    await fs.mkdir(dir, { recursive: true });
    await fs.rm(join(dir, manifestFile), { force: true });
    for (const [file, bytes] of files) await placeFile(join(dir, file), [bytes]);
  });
  await writeManifest(dir, manifest);
}

/** Writes a manifest in place of the one in the folder. Throws UserError where the file system refuses; the old one then stays. */
export function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  const path = join(dir, manifestFile);
  return filing(`cannot write ${path}`, () => placeFile(path, jsonPieces(manifest)));
}

/**
 * Writes all that sampling needs as a folder of its own, in place of an older one: manifest, portable graphs that sample and the
 * weights in diffusers' layout, with a scheduler where diffusers has one for the model's noise. Throws UserError where the file
 * system refuses; the older folder is then untouched.
 */
export async function writeModelFolder(
  dir: string,
  artifact: Artifact,
  weights: Float32Array,
): Promise<void> {
  const { read } = artifact;
  const manifest = portable(artifact.manifest);
  const { sampling, negatives, likelihood } = manifest.graphs;
  const used = [...sampling, negatives, likelihood].filter((graph) => graph !== undefined);
  const graphs = new Set(used.map(({ file }) => file));
  await filing(`cannot write the model to ${dir}`, () =>
    placeFolder(dir, async (folder) => {
      for (const file of graphs) await writeFlushed(join(folder, file), [await read(file)]);
      await writeModel(folder, manifest, weights);
      await writePipeline(folder, manifest);
      await writeFlushed(join(folder, manifestFile), jsonPieces(manifest));
    }),
  );
}
