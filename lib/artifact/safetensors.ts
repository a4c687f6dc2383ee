// The safetensors file format (8 bytes of header length, a JSON header, the tensors' little-endian bytes), read and written.
import { z } from "zod";
import { UserError } from "../errors.ts";
import { joined } from "./joined.ts";

interface Arrays {
  F64: Float64Array;
  F32: Float32Array;
  I64: BigInt64Array;
  I32: Int32Array;
  I16: Int16Array;
  I8: Int8Array;
  U64: BigUint64Array;
  U32: Uint32Array;
  U16: Uint16Array;
  U8: Uint8Array;
  BOOL: Uint8Array;
}

/** A row-major tensor; `data` has as many elements as `shape` says, `[]` being a scalar. */
export type SafeTensor = {
  [D in keyof Arrays]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: Arrays[D] };
}[keyof Arrays];

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

type Shape = readonly number[];
interface Reader {
  readonly size: number;
  readonly read: (raw: Uint8Array, shape: Shape) => SafeTensor;
}

/** What a typed array's constructor takes to lie over `raw`, which is copied when it starts off a multiple of `size`. */
function over(raw: Uint8Array, size: number): [ArrayBufferLike, number, number] {
  const { buffer, byteOffset, byteLength } = raw.byteOffset % size === 0 ? raw : raw.slice();
  return [buffer, byteOffset, byteLength / size];
}

function bfloatToFloat(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (each) => each << 16).buffer);
}

/** IEEE 754 half precision: 1 sign bit, 5 exponent bits of bias 15, 10 fraction bits. */
function halfToFloat(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (each) => {
    const sign = each & 0x8000 ? -1 : 1;
    const exponent = (each >> 10) & 0x1f;
    const fraction = each & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

const uint16 = (raw: Uint8Array) => new Uint16Array(...over(raw, 2));

const readers: Readonly<Record<string, Reader>> = {
  F64: { size: 8, read: (raw, shape) => ({ dtype: "F64", shape, data: new Float64Array(...over(raw, 8)) }) },
  F32: { size: 4, read: (raw, shape) => ({ dtype: "F32", shape, data: new Float32Array(...over(raw, 4)) }) },
  F16: { size: 2, read: (raw, shape) => ({ dtype: "F32", shape, data: halfToFloat(uint16(raw)) }) },
  BF16: { size: 2, read: (raw, shape) => ({ dtype: "F32", shape, data: bfloatToFloat(uint16(raw)) }) },
  I64: { size: 8, read: (raw, shape) => ({ dtype: "I64", shape, data: new BigInt64Array(...over(raw, 8)) }) },
  I32: { size: 4, read: (raw, shape) => ({ dtype: "I32", shape, data: new Int32Array(...over(raw, 4)) }) },
  I16: { size: 2, read: (raw, shape) => ({ dtype: "I16", shape, data: new Int16Array(...over(raw, 2)) }) },
  I8: { size: 1, read: (raw, shape) => ({ dtype: "I8", shape, data: new Int8Array(...over(raw, 1)) }) },
  U64: {
    size: 8,
    read: (raw, shape) => ({ dtype: "U64", shape, data: new BigUint64Array(...over(raw, 8)) }),
  },
  U32: { size: 4, read: (raw, shape) => ({ dtype: "U32", shape, data: new Uint32Array(...over(raw, 4)) }) },
  U16: { size: 2, read: (raw, shape) => ({ dtype: "U16", shape, data: uint16(raw) }) },
  U8: { size: 1, read: (raw, shape) => ({ dtype: "U8", shape, data: raw }) },
  BOOL: { size: 1, read: (raw, shape) => ({ dtype: "BOOL", shape, data: raw }) },
};

const lengthBytes = 8;
const maxHeaderBytes = 100_000_000;
const metadataKey = "__metadata__";
const size = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size),
  data_offsets: z.tuple([size, size]),
});
const metadataSchema = z.record(z.string(), z.string());

interface Entry {
  readonly name: string;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
  readonly reader: Reader;
}

/** A name from a file, fit for one line of an error. */
const quoted = (name: string) => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);

/** The number of elements, NaN where it is beyond exact integers. */
function elements(shape: Shape): number {
  return shape.reduce(
    (product, each) => (Number.isSafeInteger(product * each) ? product * each : Number.NaN),
    1,
  );
}

type Refuse = (problem: string) => never;

function splitHeader(bytes: Uint8Array, refuse: Refuse): { text: string; data: Uint8Array } {
  if (bytes.length < lengthBytes) refuse(`expected at least ${lengthBytes} bytes, got ${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > maxHeaderBytes) refuse(`header of ${length} bytes, at most ${maxHeaderBytes} are read`);
  const end = lengthBytes + Number(length);
  if (end > bytes.length) refuse(`header ends at byte ${end}, the file has ${bytes.length} (truncated?)`);
  const data = bytes.subarray(end);
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { text: decoder.decode(bytes.subarray(lengthBytes, end)), data };
  } catch {
    return refuse("header is not UTF-8");
  }
}

/** Keys written anywhere in a JSON text: in valid JSON a string followed by a colon is a key. */
function countKeys(json: string): number {
  let keys = 0;
  for (const [, colon] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/gs)) keys += colon ? 1 : 0;
  return keys;
}

function parseHeader(text: string, refuse: Refuse): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    return refuse("header is not JSON");
  }
  if (!text.startsWith("{") || typeof header !== "object" || header === null) {
    return refuse("header is not a JSON object");
  }
  return header as Record<string, unknown>;
}

function parseEntry(name: string, json: unknown, dataBytes: number, refuse: Refuse): Entry {
  const parsed = entrySchema.safeParse(json);
  if (!parsed.success)
    return refuse(`tensor ${quoted(name)}: expected { dtype, shape, data_offsets } in whole numbers`);
  const { dtype, shape, data_offsets } = parsed.data;
  const [begin, end] = data_offsets;
  const reader = Object.hasOwn(readers, dtype) ? readers[dtype] : undefined;
  if (!reader) {
    return refuse(
      `tensor ${quoted(name)}: dtype ${quoted(dtype)} is not read; one of: ${Object.keys(readers).join(", ")}`,
    );
  }
  if (begin > end || end > dataBytes) {
    refuse(
      `tensor ${quoted(name)}: bytes ${begin} to ${end} do not lie within the ${dataBytes} bytes of data`,
    );
  }
  if (end - begin !== elements(shape) * reader.size) {
    const expected = `${dtype} [${shape.slice(0, 8)}]`;
    refuse(`tensor ${quoted(name)}: ${end - begin} bytes do not hold ${expected}`);
  }
  return { name, shape, begin, end, reader };
}

/** Refuses overlaps and holes: sorted by place, each tensor begins where the one before ends. */
function requireTiling(entries: readonly Entry[], dataBytes: number, refuse: Refuse): void {
  let end = 0;
  for (const entry of entries) {
    if (entry.begin < end)
      refuse(`tensor ${quoted(entry.name)} overlaps another (byte ${entry.begin} of the data)`);
    if (entry.begin > end)
      refuse(`${entry.begin - end} bytes before tensor ${quoted(entry.name)} belong to no tensor`);
    end = entry.end;
  }
  if (end !== dataBytes) refuse(`${dataBytes - end} bytes after the last tensor belong to no tensor`);
}

function parseMetadata(json: unknown, refuse: Refuse): Record<string, string> {
  const parsed = metadataSchema.safeParse(json);
  return parsed.success ? parsed.data : refuse(`${metadataKey} is not a table of strings`);
}

/**
 * Reads a safetensors file's bytes, named `where` in errors; data are views of `bytes` where alignment allows, F16 and BF16
 * come out as F32. Throws UserError in one line for anything that the format does not allow.
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsFile {
  const refuse: Refuse = (problem) => {
    throw new UserError(`${where}: not a safetensors file this build reads: ${problem}`);
  };
  const { text, data } = splitHeader(bytes, refuse);
  const { [metadataKey]: rawMetadata, ...rest } = parseHeader(text, refuse);
  const metadata = rawMetadata === undefined ? {} : parseMetadata(rawMetadata, refuse);
  const entries = Object.entries(rest)
    .map(([name, json]) => parseEntry(name, json, data.length, refuse))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  requireTiling(entries, data.length, refuse);
  const metadataKeys = rawMetadata === undefined ? 0 : 1 + Object.keys(metadata).length;
  if (countKeys(text) !== metadataKeys + 4 * entries.length) refuse("a name occurs twice in the header");
  const tensors = entries.map(
    ({ name, shape, begin, end, reader }) => [name, reader.read(data.subarray(begin, end), shape)] as const,
  );
  return { tensors: new Map(tensors), metadata };
}

function bytesOf({ data }: SafeTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function requireWritable(name: string, tensor: SafeTensor): void {
  if (name === metadataKey) throw new Error(`safetensors: ${metadataKey} is not a tensor's name`);
  const { shape, data } = tensor;
  if (data.length !== elements(shape)) {
    throw new Error(
      `safetensors: ${name} expected ${elements(shape)} elements for [${shape}], got ${data.length}`,
    );
  }
}

function headerBytes(header: Record<string, unknown>): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(lengthBytes + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, lengthBytes);
  return bytes;
}

/**
 * A safetensors file as the pieces to write one after another: the header, then views of the tensors' own memory, the widest
 * elements first so that each is aligned. Throws Error where data and shape disagree.
 */
export function safetensorsPieces(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Uint8Array[] {
  const ordered = [...tensors].sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  let end = 0;
  const entries = ordered.map(([name, tensor]) => {
    requireWritable(name, tensor);
    const begin = end;
    end += tensor.data.byteLength;
    return [name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }] as const;
  });
  const header = headerBytes(Object.fromEntries([[metadataKey, metadata], ...entries]));
  return [header, ...ordered.map(([, tensor]) => bytesOf(tensor))];
}

/** A safetensors file in one array of bytes; see `safetensorsPieces`. */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  return joined(safetensorsPieces(tensors, metadata));
}
