// CIFAR-10's binary batches: records of one label byte and 3x32x32 pixels (Krizhevsky 2009).

import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { UserError } from "../errors.ts";
import { byteDataset } from "./byte-images.ts";
import type { ImageDataset } from "./dataset.ts";

const PIXELS = 3 * 32 * 32;
const RECORD = 1 + PIXELS;
const CLASSES = 10;

/** Whether a file's name is that of a training batch, data_batch_1.bin. */
export const isCifarBatch = (name: string): boolean => /^data_batch_\d+\.bin$/.test(name);

/** All training batches of a folder. Throws UserError when one is damaged. */
export async function cifarFolder(folder: string): Promise<ImageDataset> {
  const names = (await readdir(folder)).filter(isCifarBatch).sort();
  return cifarFiles(
    basename(folder),
    names.map((name) => join(folder, name)),
  );
}

/** The given batches, one after another. Throws UserError when one is damaged. */
export async function cifarFiles(name: string, paths: readonly string[]): Promise<ImageDataset> {
  const counts = await Promise.all(paths.map(recordCount));
  const total = counts.reduce((a, b) => a + b, 0);
  const bytes = new Uint8Array(total * PIXELS);
  const labels = new Uint8Array(total);
  let n = 0;
  for (const path of paths) {
    const file = await readFile(path);
    for (let start = 0; start + RECORD <= file.length && n < total; start += RECORD, n++) {
      labels[n] = checkedLabel(path, file[start]!, start / RECORD);
      bytes.set(file.subarray(start + 1, start + RECORD), n * PIXELS);
    }
  }
  return byteDataset({ name, shape: [3, 32, 32], bytes, labels });
}

async function recordCount(path: string): Promise<number> {
  const { size } = await stat(path);
  if (size > 0 && size % RECORD === 0) return size / RECORD;
  throw new UserError(
    `${path}: expected a CIFAR-10 batch, a whole number of ${RECORD}-byte records, got ${size} bytes; fetch the file again`,
  );
}

function checkedLabel(path: string, label: number, record: number): number {
  if (label < CLASSES) return label;
  throw new UserError(
    `${path}: expected CIFAR-10 labels 0..${CLASSES - 1}, got ${label} in record ${record}; is this another format?`,
  );
}
