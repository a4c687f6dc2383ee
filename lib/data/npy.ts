// Points from NumPy's array files, versions 1.0 to 3.0 (numpy.lib.format).

import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { standardisedPoints } from "./points.ts";

interface ItemType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const itemTypes: Readonly<Record<string, ItemType>> = {
  "<f4": { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  "<f8": { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  "<i4": { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  "<i8": { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  "|u1": { bytes: 1, read: (view, at) => view.getUint8(at) },
};

interface Header {
  readonly type: ItemType;
  readonly shape: readonly number[];
  readonly start: number;
}

const MAX_BYTES = 2 ** 30;
const MAGIC = "\x93NUMPY";
const ADVICE = "save it with np.save(path, points.astype(np.float32))";

/** The points [N,D], or [N] for points of the line, standardised per column. Throws UserError when the file is damaged or holds anything else. */
export async function npyPoints(path: string): Promise<Dataset> {
  const { size } = await stat(path);
  if (size > MAX_BYTES)
    throw new UserError(`${path}: expected at most 1 GiB, got ${size} bytes; use a smaller file`);
  const bytes = await readFile(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = parseHeader(path, bytes, view);
  const [, columns = 1] = header.shape;
  return standardisedPoints(path, basename(path), readValues(path, view, header), columns);
}

function parseHeader(path: string, bytes: Uint8Array, view: DataView): Header {
  const version = bytes[6] ?? 0;
  if (bytes.length < 12 || latin1(bytes.subarray(0, 6)) !== MAGIC || version < 1 || version > 3)
    throw new UserError(
      `${path}: expected a .npy file of version 1 to 3, got ${bytes.length} bytes that are none; ${ADVICE}`,
    );
  const first = version === 1 ? 10 : 12;
  const start = first + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  const text = latin1(bytes.subarray(first, Math.min(start, bytes.length)));
  const type = field(path, text, /'descr': *'([^']*)'/);
  const order = field(path, text, /'fortran_order': *(True|False)/);
  const shape = field(path, text, /'shape': *\(([\d, ]*)\)/);
  if (!Object.hasOwn(itemTypes, type))
    throw new UserError(
      `${path}: expected numbers of type ${Object.keys(itemTypes).join(", ")}, got ${type}; ${ADVICE}`,
    );
  if (order === "True")
    throw new UserError(`${path}: expected rows one after another, got columns; use np.ascontiguousarray`);
  return { type: itemTypes[type]!, shape: parseShape(path, shape), start };
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

function field(path: string, header: string, pattern: RegExp): string {
  const found = pattern.exec(header)?.[1];
  if (found !== undefined) return found;
  const key = pattern.source.split("'")[1];
  throw new UserError(`${path}: the .npy header has no ${key} that can be read; ${ADVICE}`);
}

function parseShape(path: string, text: string): number[] {
  const shape = (text.match(/\d+/g) ?? []).map(Number);
  if ((shape.length !== 1 && shape.length !== 2) || shape.includes(0))
    throw new UserError(
      `${path}: expected points [N] or [N,D], got an array of shape [${shape}]; reshape it`,
    );
  return shape;
}

function readValues(path: string, view: DataView, { type, shape, start }: Header): Float64Array {
  const [count, columns = 1] = shape as [number, number?];
  const expected = start + count * columns * type.bytes;
  if (view.byteLength !== expected)
    throw new UserError(
      `${path}: the header says [${shape}], a file of ${expected} bytes, but it holds ${view.byteLength}; fetch the file again`,
    );
  return Float64Array.from({ length: count * columns }, (_, i) => {
    const value = type.read(view, start + i * type.bytes);
    if (Number.isFinite(value)) return value;
    throw new UserError(
      `${path}: expected finite numbers, got ${value} in row ${Math.floor(i / columns)}, column ${i % columns}; remove that row`,
    );
  });
}
