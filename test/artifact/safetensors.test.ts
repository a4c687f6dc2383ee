// Safetensors: Python's files are read, ours are round trips, and hostile bytes are refused in one line.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../../lib/artifact/safetensors.ts";
import { UserError } from "../../lib/errors.ts";

const text = (value: string) => new TextEncoder().encode(value);

/** A file from a header's text, the header length that it claims, and the bytes of data behind it. */
function file(header: string | Uint8Array, dataBytes = 0, length?: bigint): Uint8Array {
  const json = typeof header === "string" ? text(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function refusal(bytes: Uint8Array): string {
  try {
    decodeSafetensors(bytes, "weights.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).toStartWith("weights.safetensors: ");
    expect(message).not.toMatch(/[\n\r]/);
    expect(message.length).toBeLessThan(500);
    return message;
  }
  throw new Error("decodeSafetensors: expected a refusal");
}

const f32 = (shape: string, begin: number, end: number) =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

/** The bytes of a tensor's data; NaN payloads and -0 count. */
function raw({ data }: SafeTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}

function contents(tensors: ReadonlyMap<string, SafeTensor>) {
  return new Map([...tensors].map(([name, tensor]) => [name, [tensor.dtype, tensor.shape, raw(tensor)]]));
}

test("reads every dtype that Python's safetensors wrote", async () => {
  const path = join(import.meta.dir, "../golden/every-dtype.safetensors");
  const { tensors, metadata } = decodeSafetensors(await Bun.file(path).bytes(), path);
  expect(metadata).toEqual({ format: "pt", note: "ü" });
  expect(Object.fromEntries(tensors)).toEqual({
    "z.weight": { dtype: "F32", shape: [2, 2], data: Float32Array.of(1.5, -2.25, 3, 1e-40) },
    half: {
      dtype: "F32",
      shape: [5],
      data: Float32Array.of(1.5, -0, 2 ** -24, 65504, Number.POSITIVE_INFINITY),
    },
    brain: { dtype: "F32", shape: [3], data: Float32Array.of(1.5, -3, 1.0002555517425873e30) },
    long: { dtype: "I64", shape: [2], data: BigInt64Array.of(2n ** 53n + 1n, -1n) },
    scalar: { dtype: "F64", shape: [], data: Float64Array.of(7) },
    int: { dtype: "I32", shape: [2], data: Int32Array.of(-5, 6) },
    mask: { dtype: "BOOL", shape: [3], data: Uint8Array.of(1, 0, 1) },
    byte: { dtype: "U8", shape: [1], data: Uint8Array.of(255) },
    none: { dtype: "F32", shape: [0, 3], data: new Float32Array(0) },
  });
});

test("reads a half-precision NaN and subnormal", () => {
  const bytes = file('{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}', 4);
  bytes.set([0x01, 0x7e, 0xff, 0x83], bytes.length - 4);
  expect([...(decodeSafetensors(bytes, "h").tensors.get("h")?.data ?? [])]).toEqual([
    Number.NaN,
    -1023 * 2 ** -24,
  ]);
});

const arrays = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

const tensor: fc.Arbitrary<SafeTensor> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(arrays) as (keyof typeof arrays)[])),
    fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  )
  .chain(([dtype, shape]) => {
    const bytes = shape.reduce((a, b) => a * b, 1) * arrays[dtype].BYTES_PER_ELEMENT;
    return fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(
      // The arbitrary bytes decide the values, so NaN payloads are among them.
      (data) => ({ dtype, shape, data: new arrays[dtype](Uint8Array.from(data).buffer) }) as SafeTensor,
    );
  });
const tensors = fc
  .array(fc.tuple(fc.string({ unit: "grapheme" }), tensor), { maxLength: 6 })
  .map((entries) => new Map(entries.filter(([name]) => name !== "__metadata__")));
const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 });

test("what is written is read back, byte for byte, aligned or not", () => {
  fc.assert(
    fc.property(tensors, metadata, fc.nat({ max: 7 }), (written, notes, shift) => {
      const encoded = encodeSafetensors(written, notes);
      const shifted = new Uint8Array(encoded.length + shift).subarray(shift);
      shifted.set(encoded);
      const read = decodeSafetensors(shifted, "here");
      expect(contents(read.tensors)).toEqual(contents(written));
      expect(read.metadata).toEqual(notes);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("our data are views of the file, not copies", () => {
  const bytes = encodeSafetensors(
    new Map([["w", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }]]),
  );
  expect(decodeSafetensors(bytes, "here").tensors.get("w")?.data.buffer).toBe(bytes.buffer);
});

test("corrupted bytes are refused, or read as tensors that use every byte once", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(tensors, damage, fc.option(fc.nat()), (written, spots, cut) => {
      const whole = encodeSafetensors(written);
      for (const [at, value] of spots) whole[at % whole.length] = value;
      const bytes = cut === null ? whole : whole.subarray(0, cut % whole.length);
      let read: ReadonlyMap<string, SafeTensor>;
      try {
        read = decodeSafetensors(bytes, "here").tensors;
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as UserError).message).not.toMatch(/[\n\r]/);
        return;
      }
      for (const { shape, data } of read.values()) {
        expect(data).toHaveLength(shape.reduce((a, b) => a * b, 1));
      }
      const headerBytes = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      const used = [...read.values()].reduce((sum, { data }) => sum + data.byteLength, headerBytes);
      expect(used).toBe(bytes.length);
    }),
    { seed: 2, numRuns: 1000 },
  );
});

describe("refused", () => {
  const cases: readonly [what: string, bytes: Uint8Array, says: string][] = [
    ["an empty file", new Uint8Array(0), "at least 8 bytes, got 0"],
    [
      "a header that is longer than the file",
      file("{}", 0, 1000n),
      "header ends at byte 1008, the file has 10",
    ],
    ["a huge header", file("{}", 0, 2n ** 63n), "header of 9223372036854775808 bytes"],
    ["a header over 100 MB", file("{}", 0, 100_000_001n), "at most 100000000"],
    ["a header that is not UTF-8", file(Uint8Array.of(0x7b, 0xff, 0x7d)), "not UTF-8"],
    ["a header that is not JSON", file("{nope}"), "not JSON"],
    ["a byte order mark", file("\uFEFF{}"), "not JSON"],
    ["a header that is a list", file("[]"), "not a JSON object"],
    ["a header that is null", file("null"), "not a JSON object"],
    ["nesting that would overflow a stack", file(`{"a":${"[".repeat(1_000_000)}`), "not JSON"],
    ["a tensor that is null", file('{"a":null}'), 'tensor "a": expected { dtype'],
    ["a missing shape", file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), "expected { dtype"],
    [
      "an unknown dtype",
      file('{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}', 1),
      "one of: F64, F32",
    ],
    [
      "a dtype out of a prototype",
      file('{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}', 1),
      "not read",
    ],
    ["a negative size", file(`{"a":${f32("[-1]", 0, 4)}}`, 4), "whole numbers"],
    ["a fractional size", file(`{"a":${f32("[0.5]", 0, 2)}}`, 2), "whole numbers"],
    ["a size beyond exact integers", file(`{"a":${f32("[1e300]", 0, 4)}}`, 4), "whole numbers"],
    [
      "sizes whose product wraps to 2^64",
      file(`{"a":${f32("[4294967296,4294967296]", 0, 0)}}`),
      "do not hold",
    ],
    ["an overflow hidden by a zero", file(`{"a":${f32("[4294967296,4294967296,0]", 0, 0)}}`), "do not hold"],
    ["more elements than bytes", file(`{"a":${f32("[2]", 0, 4)}}`, 4), "4 bytes do not hold F32 [2]"],
    ["offsets out of the file", file(`{"a":${f32("[2]", 0, 8)}}`, 4), "do not lie within the 4 bytes"],
    ["offsets in reverse", file(`{"a":${f32("[1]", 4, 0)}}`, 4), "bytes 4 to 0"],
    ["a negative offset", file(`{"a":${f32("[1]", -4, 0)}}`, 4), "whole numbers"],
    ["an overlap", file(`{"a":${f32("[2]", 0, 8)},"b":${f32("[2]", 4, 12)}}`, 12), 'tensor "b" overlaps'],
    ["two tensors in one place", file(`{"a":${f32("[1]", 0, 4)},"b":${f32("[1]", 0, 4)}}`, 4), "overlaps"],
    ["a hole", file(`{"a":${f32("[1]", 0, 4)},"b":${f32("[1]", 8, 12)}}`, 12), '4 bytes before tensor "b"'],
    ["bytes at the end", file(`{"a":${f32("[1]", 0, 4)}}`, 6), "2 bytes after the last tensor"],
    [
      "a name that occurs twice",
      file(`{"a":${f32("[1]", 0, 4)},"a":${f32("[1]", 0, 4)}}`, 4),
      "occurs twice",
    ],
    [
      "a key that occurs twice",
      file('{"a":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}', 4),
      "twice",
    ],
    ["an escaped twin", file(`{"a":${f32("[1]", 0, 4)},"\\u0061":${f32("[1]", 0, 4)}}`, 4), "occurs twice"],
    ["metadata that is not strings", file('{"__metadata__":{"step":3}}'), "not a table of strings"],
    ["a line break in a name", file('{"a\\nb":null}'), 'tensor "a\\nb"'],
    ["a name of a megabyte", file(`{"${"x".repeat(1e6)}":null}`), "xxx…"],
  ];
  test.each(cases)("%s", (_what, bytes, says) => {
    expect(refusal(bytes)).toContain(says);
  });
});

describe("our own mistakes", () => {
  test("a shape that the data do not have", () => {
    const wrong = new Map([["w", { dtype: "F32", shape: [3], data: new Float32Array(2) } as const]]);
    expect(() => encodeSafetensors(wrong)).toThrow("w expected 3 elements for [3], got 2");
  });
  test("metadata's name for a tensor", () => {
    const wrong = new Map([
      ["__metadata__", { dtype: "F32", shape: [], data: new Float32Array(1) } as const],
    ]);
    expect(() => encodeSafetensors(wrong)).toThrow("not a tensor's name");
  });
});
