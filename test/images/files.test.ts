// Files of images: what is written is read back, nothing half-written stays.

import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import sharp from "sharp";
import { UserError } from "../../lib/errors.ts";
import { writeAnimation } from "../../lib/images/animation.ts";
import { imageGrid } from "../../lib/images/grid.ts";
import { encodeNpy, writeNpy } from "../../lib/images/npy.ts";
import { byteToUnit } from "../../lib/images/pixels.ts";
import { writeEach, writeGrid } from "../../lib/images/png.ts";
import { writeAtomically } from "../../lib/images/write-atomically.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const noise = (n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => byteToUnit((i * 97) % 256));
const raw = (path: string) => sharp(path).raw().toBuffer({ resolveWithObject: true });

test.each([1, 3])(
  "a grid of %p channels comes back from PNG to the bit, into folders that are made",
  async (c) => {
    using folder = new TemporaryFolder();
    const shape = [5, c, 6, 4] as const;
    const path = `${folder.path}/new/deep/grid.png`;
    await writeGrid(path, noise(5 * c * 24), shape, { scale: 2 });
    const expected = imageGrid(noise(5 * c * 24), shape, { scale: 2 });
    const meta = await sharp(path).metadata();
    expect([meta.width, meta.height, Number(meta.channels)]).toEqual([expected.width, expected.height, c]);
    const data = await sharp(path)
      .extractChannel((c - 1) as 0 | 2)
      .raw()
      .toBuffer();
    expect([...data]).toEqual([...expected.data.filter((_, i) => i % c === c - 1)]);
    expect(readdirSync(`${folder.path}/new/deep`)).toEqual(["grid.png"]);
  },
);

test("each image becomes a file, counted from the first number", async () => {
  using folder = new TemporaryFolder();
  const paths = await writeEach(folder.path, noise(2 * 12), [2, 3, 2, 2], { first: 9 });
  expect(paths.map((path) => basename(path))).toEqual(["00009.png", "00010.png"]);
  const { data } = await raw(paths[1]!);
  expect([...data.subarray(0, 3)]).toEqual([12, 16, 20].map((i) => (i * 97) % 256));
});

const level = (value: number) => imageGrid(new Float32Array(64).fill(byteToUnit(value)), [1, 1, 8, 8]);

test.each(["webp", "gif"])("%s animations have every frame and its delay", async (format) => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/a.${format}`;
  const levels = [0, 255, 130, 60];
  await writeAnimation(path, levels.map(level), { delay: 40, hold: 500 });
  const meta = await sharp(path, { animated: true }).metadata();
  expect([String(meta.format), meta.pageHeight, meta.loop]).toEqual([format, 12, 0]);
  expect(meta.delay).toEqual([40, 40, 40, 500]);
  for (const [page, value] of levels.entries()) {
    const data = await sharp(path, { page }).toColourspace("b-w").removeAlpha().raw().toBuffer();
    expect(Math.abs(data[6 * 12 + 6]! - value)).toBeLessThanOrEqual(4);
  }
});

test.each(["webp", "gif"])("%s animations last as long when frames are equal", async (format) => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/a.${format}`;
  await writeAnimation(path, [0, 9, 9, 9, 200].map(level), { delay: 50, hold: 300 });
  const { delay = [] } = await sharp(path, { animated: true }).metadata();
  expect(delay.reduce((a, b) => a + b, 0)).toBe(500);
});

test("animations of other formats, of no frames or of unequal frames are refused", async () => {
  const frame = (n: number) => imageGrid(new Float32Array(n * n), [1, 1, n, n]);
  await expect(writeAnimation("a.mp4", [frame(2)])).rejects.toThrow(".webp or .gif");
  await expect(writeAnimation("a.gif", [])).rejects.toThrow("at least one frame");
  await expect(writeAnimation("a.gif", [frame(2), frame(3)])).rejects.toThrow("expected frame 1 to be 6x6x1");
});

test("npy holds the header of NumPy's format 1.0, padded to 64 bytes, and the values after it", async () => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/x.npy`;
  const values = Float32Array.of(1.5, -2, Number.NaN, 1e-40, 3, 4);
  await writeNpy(path, values, [1, 2, 3]);
  const bytes = readFileSync(path);
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }`;
  expect(bytes.subarray(0, 10).toString("latin1")).toBe("\x93NUMPY\x01\x00\x76\x00");
  expect(bytes.subarray(10, 128).toString("latin1")).toBe(`${text.padEnd(117)}\n`);
  expect(bytes.subarray(128)).toEqual(Buffer.from(values.buffer));
  expect(Buffer.from(encodeNpy(new Float32Array(2), [2])).toString("latin1")).toContain("(2,), }");
  expect(() => encodeNpy(values, [2, 2])).toThrow("needs 4 values");
});

test("a failed write leaves neither a half file nor a temporary one, and the old file as it was", async () => {
  using folder = new TemporaryFolder();
  const path = folder.write("a.bin", "old");
  mkdirSync(`${folder.path}/taken`);
  for (const name of ["taken", "a.bin/below"]) {
    const refusal = writeAtomically(`${folder.path}/${name}`, Uint8Array.of(1));
    await expect(refusal).rejects.toBeInstanceOf(UserError);
    await expect(refusal).rejects.toThrow(`cannot write ${folder.path}/${name}: E`);
  }
  await writeAtomically(path, Buffer.from("new"));
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder.path).sort()).toEqual(["a.bin", "taken"]);
});
