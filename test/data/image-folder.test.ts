// Folders of images: formats, shapes, classes, the cache, and files that are not what they seem.

import { expect, test } from "bun:test";
import { join } from "node:path";
import sharp, { type Color, type Sharp } from "sharp";
import { type ImageFolderOptions, imageFolder } from "../../lib/data/image-folder.ts";
import { UserError } from "../../lib/errors.ts";
import { unitToByte } from "../../lib/images/pixels.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

function plain(background: Color, width = 16, height = 16): Sharp {
  const channels = typeof background === "object" && "alpha" in background ? 4 : 3;
  return sharp({ create: { width, height, channels, background } });
}

async function load(folder: string, indices: readonly number[], options: ImageFolderOptions = {}) {
  const dataset = await imageFolder(folder, options);
  const [c, h, w] = dataset.shape;
  const images = new Float32Array(indices.length * c * h * w);
  const labels = new Int32Array(indices.length);
  await dataset.read(indices, images, labels);
  const pixel = (n: number, y: number, x: number): number[] =>
    Array.from({ length: c }, (_, k) => unitToByte(images[((n * c + k) * h + y) * w + x]!));
  return { dataset, labels, pixel };
}

const RED = { r: 200, g: 40, b: 10 };

test.each(["png", "jpg", "webp", "avif", "tiff", "gif"] as const)("%s is decoded", async (format) => {
  using folder = new TemporaryFolder();
  await plain(RED).toFile(join(folder.path, `a.${format}`));
  const { pixel } = await load(folder.path, [0], { size: [8, 12] });
  pixel(0, 4, 6).forEach((value, c) => {
    expect(Math.abs(value - [200, 40, 10][c]!)).toBeLessThanOrEqual(6);
  });
});

test("the pixels of a picture of the wanted size are kept exactly, in their places", async () => {
  using folder = new TemporaryFolder();
  const data = Uint8Array.from({ length: 3 * 4 * 5 }, (_, i) => (i * 37) % 256);
  await sharp(data, { raw: { width: 5, height: 4, channels: 3 } }).toFile(join(folder.path, "a.png"));
  const { pixel } = await load(folder.path, [0], { size: [4, 5] });
  for (const [y, x] of [
    [0, 0],
    [3, 4],
    [1, 2],
  ] as const)
    expect(pixel(0, y, x)).toEqual([...data.subarray((y * 5 + x) * 3, (y * 5 + x) * 3 + 3)]);
});

test("cover crops the middle, contain adds borders, fill stretches", async () => {
  using folder = new TemporaryFolder();
  const stripes = [0, 1, 2].map((i) => plain(["#f00", "#0f0", "#00f"][i]!, 20, 20).png().toBuffer());
  const tiles = await Promise.all(stripes);
  await plain("#000", 60, 20)
    .composite(tiles.map((input, i) => ({ input, left: 20 * i, top: 0 })))
    .toFile(join(folder.path, "a.png"));
  const size = [12, 12] as const;
  const cover = await load(folder.path, [0], { size });
  for (const x of [2, 6, 9]) expect(cover.pixel(0, 6, x)[1]).toBeGreaterThan(250);
  const contain = await load(folder.path, [0], { size, fit: "contain", background: "#fff" });
  for (const y of [0, 11]) expect(contain.pixel(0, y, 6)).toEqual([255, 255, 255]);
  expect(contain.pixel(0, 6, 1)[1]).toBeLessThan(10);
  const fill = await load(folder.path, [0], { size, fit: "fill" });
  expect(fill.pixel(0, 0, 1)[0]).toBeGreaterThan(250);
  expect(fill.pixel(0, 11, 10)[2]).toBeGreaterThan(250);
});

test("transparency is composited over the background", async () => {
  using folder = new TemporaryFolder();
  await plain({ r: 255, g: 255, b: 255, alpha: 0.5 }).toFile(join(folder.path, "a.png"));
  await plain({ r: 255, g: 255, b: 255, alpha: 0 }).toFile(join(folder.path, "b.webp"));
  const black = await load(folder.path, [0, 1]);
  expect(Math.abs(black.pixel(0, 5, 5)[0]! - 128)).toBeLessThanOrEqual(1);
  expect(black.pixel(1, 5, 5)).toEqual([0, 0, 0]);
  const blue = await load(folder.path, [1], { background: "#0000ff" });
  expect(blue.pixel(0, 5, 5)).toEqual([0, 0, 255]);
});

test("grey, 16-bit, CMYK and palette files come out with the channels asked for", async () => {
  using folder = new TemporaryFolder();
  await plain(RED).greyscale().toFile(join(folder.path, "grey.png"));
  await plain(RED).toColourspace("rgb16").toFile(join(folder.path, "deep.png"));
  await plain(RED).toColourspace("cmyk").jpeg().toFile(join(folder.path, "cmyk.jpg"));
  await plain(RED).png({ palette: true }).toFile(join(folder.path, "palette.png"));
  const indices = [0, 1, 2, 3];
  const colour = await load(folder.path, indices);
  const grey = await load(folder.path, indices, { channels: 1 });
  const names = ["cmyk", "deep", "grey", "palette"];
  for (const n of indices) {
    expect(grey.pixel(n, 3, 3)).toHaveLength(1);
    const [r = 0, g = 0] = colour.pixel(n, 3, 3);
    if (names[n] === "grey") expect(r).toBe(g);
    else expect(r - g).toBeGreaterThan(100);
  }
});

test("subfolders are classes, in the order of their names, when every image lies in one", async () => {
  using folder = new TemporaryFolder();
  const png = await plain(RED).png().toBuffer();
  for (const name of ["cat/deep/1.PNG", "ant/2.png", "cat/0.png", "bee/x.png"]) folder.write(name, png);
  const { dataset, labels } = await load(folder.path, [0, 1, 2, 3]);
  expect([dataset.classes, dataset.size, [...labels]]).toEqual([3, 4, [0, 1, 2, 2]]);
  folder.write("loose.png", png);
  expect((await imageFolder(folder.path)).classes).toBe(0);
});

test("what is no image by its name is ignored", async () => {
  using folder = new TemporaryFolder();
  folder.write("a.png", await plain(RED).png().toBuffer());
  for (const name of ["README.md", "list.csv", "._a.png", ".hidden/b.png", "png"]) folder.write(name, "text");
  const lines: string[] = [];
  const { dataset } = await load(folder.path, [0], { warn: (line) => lines.push(line) });
  expect([dataset.size, lines]).toEqual([1, []]);
});

test("a folder without images says which files are looked for", async () => {
  using folder = new TemporaryFolder();
  folder.write("notes.txt", "text");
  const error = await imageFolder(folder.path).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UserError);
  expect(String(error)).toContain(".png .jpg .jpeg .webp .avif");
});

test("damaged files are replaced by the next good one and told of in one line", async () => {
  using folder = new TemporaryFolder();
  const jpeg = await plain(RED, 200, 200).jpeg().toBuffer();
  folder.write("x/a.jpg", jpeg.subarray(0, jpeg.length / 2));
  folder.write("x/b.png", "not a picture");
  folder.write("y/c.png", await plain("#00ff00").png().toBuffer());
  folder.write("y/d.webp", "");
  const lines: string[] = [];
  const { dataset, pixel, labels } = await load(folder.path, [0, 1, 2, 3], {
    warn: (line) => lines.push(line),
  });
  for (const n of [0, 1, 2, 3]) expect(pixel(n, 9, 9)).toEqual([0, 255, 0]);
  expect([...labels]).toEqual([1, 1, 1, 1]);
  await dataset.read([3, 0], new Float32Array(2 * 3072));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("3 of 4 images cannot be decoded");
  expect(lines[0]).not.toContain("\n");
});

test("a folder of nothing but damaged files ends with one clear error", async () => {
  using folder = new TemporaryFolder();
  folder.write("a.png", "no");
  folder.write("b.png", "no");
  const dataset = await imageFolder(folder.path, { warn: () => {} });
  await expect(dataset.read([1], new Float32Array(3072))).rejects.toThrow(
    "none of its 2 images can be decoded",
  );
});

test("a picture that claims absurd dimensions is refused before it is decoded", async () => {
  using folder = new TemporaryFolder();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"/>`;
  const small = await sharp(Buffer.from(svg)).png().toBuffer();
  small.writeUInt32BE(30_000, 16);
  small.writeUInt32BE(30_000, 20);
  small.writeUInt32BE(Bun.hash.crc32(small.subarray(12, 29)), 29);
  folder.write("bomb.png", small);
  const before = process.memoryUsage().rss;
  const dataset = await imageFolder(folder.path, { warn: () => {} });
  await expect(dataset.read([0], new Float32Array(3072))).rejects.toThrow("pixel limit");
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
});

test("with too little room in the cache the images are the same, decoded again", async () => {
  using folder = new TemporaryFolder();
  for (let i = 0; i < 5; i++) await plain({ r: 50 * i, g: 0, b: 0 }).toFile(join(folder.path, `${i}.png`));
  const dataset = await imageFolder(folder.path, { cacheBytes: 2 * 3072 });
  for (const order of [
    [0, 1, 2, 3, 4],
    [4, 3, 2, 1, 0, 2, 4],
  ]) {
    const images = new Float32Array(order.length * 3072);
    await dataset.read(order, images);
    expect(order.map((_, i) => unitToByte(images[i * 3072]!))).toEqual(order.map((n) => 50 * n));
  }
});
