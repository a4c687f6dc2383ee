// CIFAR-10 batches: order of records and planes, and damaged files.

import { expect, test } from "bun:test";
import { cifarFiles, cifarFolder } from "../../lib/data/cifar.ts";
import { unitToByte } from "../../lib/images/pixels.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const record = (label: number, red: number, green: number, blue: number): Buffer =>
  Buffer.concat([Buffer.from([label]), ...[red, green, blue].map((value) => Buffer.alloc(1024, value))]);

test("batches are read one after another, planes as they stand", async () => {
  using folder = new TemporaryFolder();
  folder.write("data_batch_2.bin", record(9, 7, 8, 9));
  folder.write("data_batch_1.bin", Buffer.concat([record(3, 1, 2, 3), record(4, 4, 5, 6)]));
  folder.write("test_batch.bin", record(0, 0, 0, 0));
  const dataset = await cifarFolder(folder.path);
  expect([dataset.shape, dataset.size, dataset.classes]).toEqual([[3, 32, 32], 3, 10]);
  const [images, labels] = [new Float32Array(2 * 3072), new Int32Array(2)];
  await dataset.read([2, 1], images, labels);
  expect([...labels]).toEqual([9, 4]);
  expect([0, 1023, 1024, 2048, 3071, 3072].map((i) => unitToByte(images[i]!))).toEqual([7, 7, 8, 9, 9, 4]);
});

test.each([
  ["truncated", record(1, 1, 1, 1).subarray(0, 3000), "3073-byte records, got 3000 bytes"],
  ["empty", Buffer.alloc(0), "got 0 bytes"],
  ["another format", record(77, 1, 1, 1), "labels 0..9, got 77 in record 0"],
])("refuses a batch in one line: %s", async (_, bytes, expected) => {
  using folder = new TemporaryFolder();
  const path = folder.write("data_batch_1.bin", bytes);
  await expect(cifarFiles("x", [path])).rejects.toThrow(expected);
});
