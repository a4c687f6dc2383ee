// Points from CSV, TSV and .npy files: what they hold, their units, and every way in which they can be damaged.
import { describe, expect, test } from "bun:test";
import type { Dataset } from "../../lib/data/dataset.ts";
import { openDataset } from "../../lib/data/open.ts";
import { pointsDataset } from "../../lib/data/points.ts";
import { UserError } from "../../lib/errors.ts";
import { encodeNpy } from "../../lib/images/npy.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

async function message(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UserError);
  const text = (error as UserError).message;
  expect(text).not.toContain("\n");
  return text;
}

async function open(name: string, content: Uint8Array | string): Promise<Dataset> {
  using folder = new TemporaryFolder();
  return await openDataset(folder.write(name, content));
}

/** All points in the units of their file. */
async function rowsOf(dataset: Dataset): Promise<number[][]> {
  const [columns = 0] = dataset.shape;
  const samples = new Float32Array(dataset.size * columns);
  await dataset.read(
    Array.from({ length: dataset.size }, (_, i) => i),
    samples,
  );
  const { offset, scale } = dataset.units!;
  return Array.from({ length: dataset.size }, (_, n) =>
    offset.map((o, d) => Number((o + scale[d]! * samples[n * columns + d]!).toPrecision(5))),
  );
}

const TABLE = [
  [1, -20],
  [2.5, 7],
  [4, 35],
];

describe("csv", () => {
  test.each([
    ["commas", "a.csv", "1,-20\n2.5,7\n4,35\n"],
    ["a header, blanks and blank lines", "a.csv", 'size,"depth, m"\n\n 1 , -20\n2.5,7e0\n\n4.,+35\n\n'],
    ["a mark of UTF-8, CRLF and no last line end", "a.CSV", "\ufeffx,y\r\n1,-20\r\n2.5,7\r\n4,35"],
    ["semicolons, quotes and a comment", "a.csv", '# a, comment\n"1";"-20"\n2.5;7\n.4e1;35\n'],
    ["tabs", "a.tsv", "grösse\ttiefe\n1\t-20\n2.5\t7\n4\t35\n"],
    ["tabs in a .csv", "a.csv", "1\t-20\n2.5\t7\n4\t35\n"],
  ])("with %s", async (_, name, text) => {
    const dataset = await open(name, text);
    expect([dataset.name, dataset.shape, dataset.size, dataset.classes]).toEqual([name, [2], 3, 0]);
    expect(await rowsOf(dataset)).toEqual(TABLE);
  });

  test("one column is points of the line; a header of one name is no delimiter's matter", async () => {
    const dataset = await open("a.csv", "my value\n1\n2\n4\n");
    expect(dataset.shape).toEqual([1]);
    expect(await rowsOf(dataset)).toEqual([[1], [2], [4]]);
  });

  test.each([
    ["a word", "a,b\n1,2\n3,four\n", 'line 3, column 2 (b): expected a finite number, got "four"'],
    ["no value", "1,2\n\n3,\n", 'line 3, column 2: expected a finite number, got ""'],
    ["not a number", "1,2\nNaN,4\n", 'line 2, column 1: expected a finite number, got "NaN"'],
    [
      "a first row of missing values",
      "nan,NA\n1,2\n3,4\n",
      'line 1, column 1: expected a finite number, got "nan"',
    ],
    ["a half of a header", "1,b\n1,2\n", 'line 1, column 2: expected a finite number, got "b"'],
    ["a decimal comma", "1,5;2\n3;4\n", 'line 1, column 1: expected a finite number, got "1,5"'],
    ["too large a number", "1\n2e400\n", 'got "2e400"'],
    ["a hexadecimal number", "1\n0x10\n", 'got "0x10"'],
    ["lines in a cell", '1,2\n3,"a\nb"\n', 'got "a b"'],
    ["a short line", "1,2\n3,4\n5\n", "line 3: expected 2 columns like the lines before, got 1"],
    ["a long line", "x,y\n1,2\n3,4,5\n", "line 3: expected 2 columns like the lines before, got 3"],
    ["an open quote", '1,2\n"3,4\n', "damaged CSV"],
    ["nothing", "", "expected at least two points, got 0"],
    ["a header alone", "a,b\n", "expected at least two points, got 0"],
    ["one point", "1,2\n", "expected at least two points, got 1"],
    ["too wide a range", "-1e308\n1e308\n", "column 1 reaches from -1e+308 to 1e+308"],
  ])("with %s is refused", async (_, text, wanted) => {
    const got = await message(open("bad.csv", text));
    expect(got).toContain("bad.csv");
    expect(got).toContain(wanted);
  });
});

/** The bytes of a .npy file with any header. */
function npy(description: string, data: Uint8Array, version = 1): Buffer {
  const first = version === 1 ? 10 : 12;
  const header = `${description.padEnd(127 - first)}\n`;
  const head = Buffer.alloc(first);
  head.write("\x93NUMPY", "latin1");
  head[6] = version;
  if (version === 1) head.writeUInt16LE(header.length, 8);
  else head.writeUInt32LE(header.length, 8);
  return Buffer.concat([head, Buffer.from(header, "latin1"), data]);
}

const describeArray = (descr: string, shape: string, order = "False"): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }`;
const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer);

describe("npy", () => {
  test.each([
    ["<f4", bytesOf(Float32Array.from(TABLE.flat())), 1],
    ["<f8", bytesOf(Float64Array.from(TABLE.flat())), 2],
    ["<f8", bytesOf(Float64Array.from(TABLE.flat())), 3],
  ])("of %s", async (descr, data, version) => {
    const dataset = await open("a.npy", npy(describeArray(descr, "(3, 2)"), data, version));
    expect([dataset.name, dataset.shape, dataset.size]).toEqual(["a.npy", [2], 3]);
    expect(await rowsOf(dataset)).toEqual(TABLE);
  });

  test.each([
    ["<i4", bytesOf(Int32Array.of(-5, 7, 1000)), [-5, 7, 1000]],
    ["<i8", bytesOf(BigInt64Array.of(-5n, 7n, 1000n)), [-5, 7, 1000]],
    ["|u1", Uint8Array.of(1, 7, 255), [1, 7, 255]],
  ])("of %s in one dimension is points of the line", async (descr, data, wanted) => {
    const dataset = await open("a.npy", npy(describeArray(descr, "(3,)"), data));
    expect(dataset.shape).toEqual([1]);
    expect(await rowsOf(dataset)).toEqual(wanted.map((value) => [value]));
  });

  test("what this project writes it reads", async () => {
    const dataset = await open("a.npy", encodeNpy(Float32Array.from(TABLE.flat()), [3, 2]));
    expect(await rowsOf(dataset)).toEqual(TABLE);
  });

  const twoFloats = bytesOf(Float32Array.of(1, 2));
  test.each([
    ["nothing", Buffer.alloc(0), "expected a .npy file of version 1 to 3, got 0 bytes"],
    ["text", Buffer.from("x,y\n1,2\n3,4\n5,6\n"), "that are none"],
    ["version 4", npy(describeArray("<f4", "(2,)"), twoFloats, 4), "version 1 to 3"],
    ["a truncated header", npy(describeArray("<f4", "(2,)"), twoFloats).subarray(0, 40), "no fortran_order"],
    ["big-endian numbers", npy(describeArray(">f4", "(2,)"), twoFloats), "<f4, <f8, <i4, <i8, |u1, got >f4"],
    ["Python objects", npy(describeArray("|O", "(2,)"), twoFloats), "got |O"],
    [
      "records",
      npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,), }", twoFloats),
      "no descr",
    ],
    ["a type that is a method", npy(describeArray("toString", "(2,)"), twoFloats), "got toString"],
    ["columns first", npy(describeArray("<f4", "(2, 1)", "True"), twoFloats), "np.ascontiguousarray"],
    [
      "images",
      npy(describeArray("<f4", "(2, 1, 1)"), twoFloats),
      "points [N] or [N,D], got an array of shape [2,1,1]",
    ],
    ["a scalar", npy(describeArray("<f4", "()"), twoFloats), "shape []"],
    ["no rows", npy(describeArray("<f4", "(0, 2)"), Buffer.alloc(0)), "shape [0,2]"],
    ["a negative size", npy(describeArray("<f4", "(-2,)"), twoFloats), "no shape"],
    [
      "too large a shape",
      npy(describeArray("<f4", "(99999999999, 99999999999)"), twoFloats),
      "but it holds 136",
    ],
    [
      "too small a shape",
      npy(describeArray("<f4", "(1,)"), twoFloats),
      "a file of 132 bytes, but it holds 136",
    ],
    ["one point", npy(describeArray("<f4", "(1, 2)"), twoFloats), "expected at least two points, got 1"],
    [
      "not a number",
      npy(describeArray("<f4", "(1, 2)"), bytesOf(Float32Array.of(1, Number.NaN))),
      "got NaN in row 0, column 1",
    ],
  ])("with %s is refused", async (_, bytes, wanted) => {
    const got = await message(open("bad.npy", bytes));
    expect(got).toContain("bad.npy");
    expect(got).toContain(wanted);
  });
});

describe("standardised columns", () => {
  test("have mean 0 and standard deviation 1, whatever their offset and magnitude; a constant one is 0", async () => {
    const base = [1e15, 1e-300, 1e300, 0.1];
    const values = Float64Array.from({ length: 400 }, (_, i) => {
      const [row, column] = [Math.floor(i / 4), i % 4];
      return column === 3 ? 0.1 : base[column]! * (1 + row * (column === 0 ? 1e-12 : 1));
    });
    const dataset = await open("a.npy", npy(describeArray("<f8", "(100, 4)"), bytesOf(values)));
    const samples = new Float32Array(400);
    await dataset.read(
      Array.from({ length: 100 }, (_, i) => i),
      samples,
    );
    const column = (d: number) => Array.from({ length: 100 }, (_, n) => samples[4 * n + d]!);
    for (const d of [0, 1, 2]) {
      const mean = column(d).reduce((a, b) => a + b) / 100;
      const variance = column(d).reduce((sum, x) => sum + (x - mean) ** 2, 0) / 100;
      expect(Math.abs(mean)).toBeLessThan(1e-6);
      expect(Math.abs(variance - 1)).toBeLessThan(1e-5);
    }
    expect(column(3)).toEqual(new Array(100).fill(0));
    expect([dataset.units!.offset[3], dataset.units!.scale[3]]).toEqual([0.1, 1]);
    // 1..100 have mean 50.5 and standard deviation sqrt((100² - 1) / 12).
    expect(dataset.units!.offset[2]! / 1e300).toBeCloseTo(50.5, 10);
    expect(dataset.units!.scale[2]! / 1e300).toBeCloseTo(Math.sqrt(9999 / 12), 10);
  });

  test("their law is the mixture over the standardised points", async () => {
    const dataset = await open("a.csv", "10,0\n20,0\n30,6\n");
    const samples = new Float32Array(6);
    await dataset.read([0, 1, 2], samples);
    expect(dataset.density!.form).toBe("empirical");
    expect([...dataset.density!.mixture.means]).toEqual([...samples]);
    expect(samples[0]).toBeCloseTo(-Math.sqrt(1.5), 6);
  });
});

test("a cloud has a law up to 2^17 numbers, and none above", () => {
  const cloud = (count: number) =>
    pointsDataset({ name: "cloud", dimensions: 2, points: new Float32Array(2 * count) });
  expect(cloud(2 ** 16).density?.mixture.count).toBe(2 ** 16);
  expect(cloud(2 ** 16 + 1).density).toBeUndefined();
  expect(cloud(2 ** 16 + 1).size).toBe(2 ** 16 + 1);
});

test("an index out of range is refused", async () => {
  const dataset = await open("a.csv", "1\n2\n3\n");
  for (const index of [-1, 3, Number.NaN])
    await expect(dataset.read([index], new Float32Array(1))).rejects.toThrow("expected an index in 0..2");
});
