// IDX files, the format of MNIST and its relatives, plain or gzipped (LeCun, Cortes & Burges, yann.lecun.com/exdb/mnist).

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../errors.ts";
import { toPlanes } from "../images/pixels.ts";
import { byteDataset } from "./byte-images.ts";
import type { ImageDataset } from "./dataset.ts";
import { fileNames } from "./file-names.ts";

interface IdxArray {
  readonly dimensions: readonly number[];
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 8;
const LONGEST_HEADER = 4 + 4 * 4;
const MAX_BYTES = 2 ** 32;
// No deflate stream expands by more than this (zlib's technical notes), so a small file cannot promise a large array.
const MAX_INFLATION = 1032;
const CHANNELS_AT_MOST = 4;

/** Whether a file's name says that it holds IDX images, such as train-images-idx3-ubyte.gz or t10k.idx3-ubyte. */
export const isIdxImages = (name: string): boolean => /(^|[-_.])idx[34]([-_.]ubyte)?(\.gz)?$/i.test(name);

const isZipped = (name: string): boolean => /\.gz$/i.test(name);
const unzipped = (name: string): string => (isZipped(name) ? name.slice(0, -3) : name);

/** The images of a folder's IDX file; of several, the one for training. Throws UserError when that leaves a choice. */
export async function idxFolder(folder: string): Promise<ImageDataset> {
  const files = await fileNames(folder);
  // A zipped file beside its unzipped self is the same set twice.
  const twice = (name: string) => isZipped(name) && files.includes(unzipped(name));
  const names = files.filter((name) => isIdxImages(name) && !twice(name));
  const training = names.filter((name) => /train/i.test(name));
  const candidates = training.length > 0 ? training : names;
  if (candidates.length !== 1)
    throw new UserError(
      `${folder}: expected one IDX file of training images, got ${candidates.join(", ") || "none"}; give the path of one file`,
    );
  return idxFile(join(folder, candidates[0]!));
}

/** The images of one IDX file, with the labels of its companion (…-labels-idx1-…) where there is one. Throws UserError when damaged. */
export async function idxFile(path: string): Promise<ImageDataset> {
  const images = await readIdx(path, [3, 4]);
  const labels = await labelsBeside(path, images.dimensions[0]!);
  return byteDataset({ name: unzipped(basename(path)), ...toImages(images), labels });
}

async function labelsBeside(path: string, count: number): Promise<Uint8Array | undefined> {
  const plain = unzipped(basename(path));
  const wanted = plain
    .replace(/images/i, "labels")
    .replace(/(idx)[34]/i, "$11")
    .toLowerCase();
  if (wanted === plain.toLowerCase()) return undefined;
  const found = (await fileNames(dirname(path))).find((name) => unzipped(name).toLowerCase() === wanted);
  if (found === undefined) return undefined;
  const { data } = await readIdx(join(dirname(path), found), [1]);
  if (data.length !== count)
    throw new UserError(
      `${found}: expected ${count} labels, one for each image of ${plain}, got ${data.length}`,
    );
  return data;
}

// Three dimensions are grey [N,H,W]; four are [N,C,H,W] or, when only the last one can be channels, [N,H,W,C].
function toImages({ dimensions, data }: IdxArray): { shape: ImageDataset["shape"]; bytes: Uint8Array } {
  const [count = 0, a = 0, b = 0, c] = dimensions;
  if (c === undefined) return { shape: [1, a, b], bytes: data };
  if (a <= CHANNELS_AT_MOST || c > CHANNELS_AT_MOST) return { shape: [a, b, c], bytes: data };
  const volume = a * b * c;
  const bytes = new Uint8Array(data.length);
  for (let n = 0; n < count; n++)
    bytes.set(toPlanes(data.subarray(n * volume, (n + 1) * volume), c), n * volume);
  return { shape: [c, a, b], bytes };
}

// The header is read first and checked against the file's size, so that no memory is taken on its word alone.
async function readIdx(path: string, ranks: readonly number[]): Promise<IdxArray> {
  const zipped = await isGzip(path);
  const dimensions = parseHeader(path, await readUpTo(path, zipped, LONGEST_HEADER), ranks);
  const start = 4 + 4 * dimensions.length;
  const expected = start + dimensions.reduce((a, b) => a * b, 1);
  const { size } = await stat(path);
  checkLength(path, dimensions, expected, zipped ? Math.min(expected, size * MAX_INFLATION) : size);
  const bytes = await readUpTo(path, zipped, expected + 1);
  checkLength(path, dimensions, expected, bytes.length);
  return { dimensions, data: bytes.subarray(start) };
}

function parseHeader(path: string, head: Uint8Array, ranks: readonly number[]): number[] {
  const rank = head[3] ?? 0;
  const expected = ranks.map((n) => `00 00 08 0${n}`).join(" or ");
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== UNSIGNED_BYTE || !ranks.includes(rank)) {
    const got = Array.from(head.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new UserError(
      `${path}: expected an IDX file of unsigned bytes (magic ${expected}), got ${got || "an empty file"}`,
    );
  }
  if (head.length < 4 + 4 * rank)
    throw new UserError(
      `${path}: the IDX header is truncated after ${head.length} bytes; fetch the file again`,
    );
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

function checkLength(path: string, dimensions: readonly number[], expected: number, got: number): void {
  const shape = dimensions.join("x");
  if (dimensions.includes(0)) throw new UserError(`${path}: the header says ${shape}, which holds no images`);
  if (expected > MAX_BYTES)
    throw new UserError(
      `${path}: the header says ${shape}, more than the 4 GiB that are read; use a smaller file`,
    );
  if (got !== expected)
    throw new UserError(
      `${path}: the header says ${shape}, a file of ${expected} bytes, but it holds ${got < expected ? "only" : "at least"} ${got}; fetch the file again`,
    );
}

async function isGzip(path: string): Promise<boolean> {
  const head = await readUpTo(path, false, 2);
  return head[0] === 0x1f && head[1] === 0x8b;
}

// The first bytes of a file, unzipped; memory grows with what is there, up to a little over the limit.
async function readUpTo(path: string, zipped: boolean, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const file = createReadStream(path, { end: zipped ? Number.POSITIVE_INFINITY : limit - 1 });
  const source = zipped ? pipeline(file, createGunzip(), () => {}) : file;
  try {
    for await (const chunk of source) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= limit) break;
    }
  } catch (cause) {
    throw zipped
      ? new UserError(`${path}: the gzip data is truncated or damaged; fetch the file again`)
      : cause;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
