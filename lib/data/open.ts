// Finds out what the user's --data means: a built-in name, a folder or a file.

import { stat } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { builtinKinds, openBuiltin } from "./builtins.ts";
import { cifarFiles, cifarFolder, isCifarBatch } from "./cifar.ts";
import { csvPoints } from "./csv.ts";
import type { Dataset } from "./dataset.ts";
import { fileNames } from "./file-names.ts";
import { idxFile, idxFolder, isIdxImages } from "./idx.ts";
import { type ImageFolderOptions, imageFolder, isImage } from "./image-folder.ts";
import { npyPoints } from "./npy.ts";

/** Files of one kind each, by the end of their name; any other file is IDX. */
const fileKinds: Record<string, (path: string) => Promise<Dataset>> = {
  ".csv": csvPoints,
  ".tsv": csvPoints,
  ".npy": npyPoints,
  ".bin": (path) => cifarFiles(basename(path), [path]),
};

export interface OpenOptions extends ImageFolderOptions {
  /** Names the samples of built-in data. */
  readonly seed?: number;
}

/** What --data takes, for help and error texts. */
export const dataKinds = `${builtinKinds}, a .csv, .tsv or .npy file of points, a folder or file of IDX images, a folder of CIFAR-10 batches (data_batch_1.bin), or a folder of images`;

/**
 * Opens a built-in set by name, else the folder or file at the path. Throws UserError when it is none of `dataKinds` or damaged,
 * and for options that only a folder of images can follow on anything else.
 */
export async function openDataset(spec: string, options: OpenOptions = {}): Promise<Dataset> {
  const ready = await openReady(spec, options.seed ?? 0);
  if (ready === undefined) return imageFolder(resolve(spec), options);
  refuseShaping(spec, options, ready);
  return ready;
}

/** Data whose samples have their shape already; undefined for a folder of images, which get theirs when they are read. */
async function openReady(spec: string, seed: number): Promise<Dataset | undefined> {
  const builtin = openBuiltin(spec, seed);
  if (builtin !== undefined) return builtin;
  const path = resolve(spec);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new UserError(`data "${spec}": no such name or path; expected ${dataKinds}`);
  return found.isDirectory() ? openFolder(path) : openFile(path);
}

async function openFolder(path: string): Promise<Dataset | undefined> {
  const names = await fileNames(path);
  if (names.some(isIdxImages)) return idxFolder(path);
  if (names.some(isCifarBatch)) return cifarFolder(path);
  return undefined;
}

function openFile(path: string): Promise<Dataset> {
  if (isImage(path)) throw new UserError(`${path}: one image is no data set; give the folder that holds it`);
  return (fileKinds[extname(path).toLowerCase()] ?? idxFile)(path);
}

function refuseShaping(spec: string, options: OpenOptions, { shape }: Dataset): void {
  const given = (["size", "fit", "channels", "background"] as const).filter((name) => options[name]);
  const samples = shape.length === 1 ? `points of ${shape[0]} coordinates` : `images of [${shape}]`;
  if (given.length > 0)
    throw new UserError(
      `data "${spec}": its samples are ${samples} already, so ${given.join(", ")} cannot be chosen; that is for a folder of image files`,
    );
}
