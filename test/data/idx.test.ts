// IDX files: what they hold, their names, and every way in which they can be damaged.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { idxFile, idxFolder, isIdxImages } from "../../lib/data/idx.ts";
import { openDataset } from "../../lib/data/open.ts";
import { UserError } from "../../lib/errors.ts";
import { unitToByte } from "../../lib/images/pixels.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

function header(...dimensions: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 4 * dimensions.length);
  bytes.set([0, 0, 8, dimensions.length]);
  dimensions.forEach((n, i) => {
    bytes.writeUInt32BE(n, 4 + 4 * i);
  });
  return bytes;
}

function idx(dimensions: number[], value: (i: number) => number = (i) => i % 251): Buffer {
  const volume = dimensions.reduce((a, b) => a * b, 1);
  return Buffer.concat([
    header(...dimensions),
    Buffer.from(Array.from({ length: volume }, (_, i) => value(i))),
  ]);
}

async function message(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(UserError);
  const text = (error as UserError).message;
  expect(text).not.toContain("\n");
  return text;
}

test.each([false, true])("images and labels are read as they were written (gzip: %p)", async (zipped) => {
  using folder = new TemporaryFolder();
  const pack = (bytes: Buffer): Buffer => (zipped ? gzipSync(bytes) : bytes);
  const end = zipped ? ".gz" : "";
  folder.write(`train-images-idx3-ubyte${end}`, pack(idx([5, 4, 3])));
  folder.write(`train-labels-idx1-ubyte${end}`, pack(idx([5], (i) => [3, 0, 7, 1, 2][i]!)));
  folder.write(`t10k-images-idx3-ubyte${end}`, pack(idx([2, 4, 3])));
  const dataset = await idxFolder(folder.path);
  expect([dataset.shape, dataset.size, dataset.classes]).toEqual([[1, 4, 3], 5, 8]);
  const [images, labels] = [new Float32Array(24), new Int32Array(2)];
  await dataset.read([4, 1], images, labels);
  expect(Array.from(images, unitToByte)).toEqual([
    ...Array.from({ length: 12 }, (_, i) => 48 + i),
    ...Array.from({ length: 12 }, (_, i) => 12 + i),
  ]);
  expect([...labels]).toEqual([2, 0]);
  await expect(dataset.read([5], images)).rejects.toThrow("index in 0..4");
});

test("a set without labels is unlabelled; zipped labels beside plain images are found", async () => {
  using folder = new TemporaryFolder();
  const path = folder.write("letters.idx3-ubyte", idx([2, 2, 2]));
  expect((await idxFile(path)).classes).toBe(0);
  folder.write("letters.idx1-ubyte.gz", gzipSync(idx([2], (i) => i)));
  expect((await idxFile(path)).classes).toBe(2);
});

test.each([
  ["train-images-idx3-ubyte", true],
  ["train-images.idx3-ubyte.gz", true],
  ["t10k.idx3", true],
  ["colour-images-idx4-ubyte", true],
  ["train-labels-idx1-ubyte", false],
  ["notes.txt", false],
])("%s is an IDX image file by name: %p", (name, expected) => {
  expect(isIdxImages(name)).toBe(expected);
});

test("four dimensions are colour, with the channels first or last", async () => {
  using folder = new TemporaryFolder();
  const first = await idxFile(folder.write("a-idx4-ubyte", idx([2, 3, 8, 6])));
  const last = await idxFile(folder.write("b-idx4-ubyte", idx([2, 8, 6, 3])));
  expect([first.shape, last.shape]).toEqual([
    [3, 8, 6],
    [3, 8, 6],
  ]);
  const images = new Float32Array(3 * 8 * 6);
  await last.read([0], images);
  expect(Array.from(images.subarray(48, 52), unitToByte)).toEqual([1, 4, 7, 10]);
});

test("two training sets in a folder are a choice for the user", async () => {
  using folder = new TemporaryFolder();
  folder.write("a-train-images-idx3-ubyte", idx([1, 2, 2]));
  folder.write("b-train-images-idx3-ubyte", idx([1, 2, 2]));
  expect(await message(idxFolder(folder.path))).toContain("give the path of one file");
});

const HUGE = [0xffffffff, 0xffffffff, 0xffffffff];
const bad: [string, Buffer, string][] = [
  ["truncated", idx([5, 4, 3]).subarray(0, 40), "5x4x3, a file of 76 bytes, but it holds only 40"],
  ["too long", Buffer.concat([idx([5, 4, 3]), Buffer.alloc(9)]), "holds at least 85"],
  [
    "wrong magic",
    Buffer.from("\x89PNG and so on and so on", "latin1"),
    "magic 00 00 08 03 or 00 00 08 04), got 89 50 4e 47",
  ],
  ["labels in place of images", idx([5]), "got 00 00 08 01"],
  ["floats", Buffer.from([0, 0, 0x0d, 3, 0, 0, 0, 1]), "got 00 00 0d 03"],
  ["empty", Buffer.alloc(0), "an empty file"],
  ["header cut off", header(5, 4, 3).subarray(0, 11), "header is truncated after 11 bytes"],
  ["no images", header(0, 28, 28), "holds no images"],
  ["absurd dimensions", header(...HUGE), "more than the 4 GiB"],
  ["4 GiB promised by 16 bytes", header(5_000_000, 28, 28), "holds only 16"],
  ["gzip: truncated inside", gzipSync(idx([50, 20, 20])).subarray(0, 60), "truncated or damaged"],
  ["gzip: shorter than its header says", gzipSync(idx([5, 4, 3]).subarray(0, 40)), "holds only 40"],
  [
    "gzip: longer than its header says",
    gzipSync(Buffer.concat([idx([5, 4, 3]), Buffer.alloc(999)])),
    "at least 77",
  ],
  ["gzip: absurd dimensions", gzipSync(header(...HUGE)), "more than the 4 GiB"],
  ["gzip: 4 GiB promised by few bytes", gzipSync(header(5_000_000, 28, 28)), "holds only"],
  [
    "gzip: not gzip after its magic",
    Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8]),
    "truncated or damaged",
  ],
];

test.each(bad)("refuses a damaged file in one line: %s", async (_, bytes, expected) => {
  using folder = new TemporaryFolder();
  const path = folder.write("train-images-idx3-ubyte", bytes);
  const before = process.memoryUsage().rss;
  const text = await message(idxFile(path));
  expect(text).toContain(expected);
  expect(text).toContain(path);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
});

test("a zip bomb is inflated no further than its header says", async () => {
  using folder = new TemporaryFolder();
  const bomb = gzipSync(Buffer.concat([header(1, 4, 4), Buffer.alloc(300 * 2 ** 20)]), { level: 1 });
  const path = folder.write("train-images-idx3-ubyte.gz", bomb);
  const start = performance.now();
  expect(await message(idxFile(path))).toContain("holds at least 33");
  expect(performance.now() - start).toBeLessThan(500);
});

test("labels that do not match the images are refused", async () => {
  using folder = new TemporaryFolder();
  folder.write("train-images-idx3-ubyte", idx([5, 2, 2]));
  folder.write("train-labels-idx1-ubyte", idx([4]));
  expect(await message(idxFolder(folder.path))).toContain("expected 5 labels");
});

test("a missing file keeps the system's reason", async () => {
  await expect(idxFile(join("nowhere", "x-idx3-ubyte"))).rejects.toThrow("ENOENT");
});

test("names may be in capitals, a zipped twin is no second set, and a folder is no file", async () => {
  using folder = new TemporaryFolder();
  folder.write("a/TRAIN-IMAGES-IDX3-UBYTE.GZ", gzipSync(idx([2, 2, 2])));
  folder.write(
    "a/Train-Labels-idx1-ubyte",
    idx([2], (i) => 4 * i),
  );
  expect(await openDataset(join(folder.path, "a"))).toMatchObject({ size: 2, classes: 5 });

  folder.write("b/train-images-idx3-ubyte", idx([3, 2, 2]));
  folder.write("b/train-images-idx3-ubyte.gz", gzipSync(idx([3, 2, 2])));
  expect(await openDataset(join(folder.path, "b"))).toMatchObject({ size: 3, classes: 0 });

  folder.write("c/train-images.idx3-ubyte", idx([4, 2, 2]));
  folder.write("c/train-labels.idx1-ubyte", idx([4]));
  folder.write("c/train-images-idx3-ubyte/train-images-idx3-ubyte", idx([5, 2, 2]));
  expect(await openDataset(join(folder.path, "c"))).toMatchObject({ size: 4, classes: 4 });
});
