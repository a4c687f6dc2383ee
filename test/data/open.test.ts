// What --data can mean, and image sizes as they are typed.

import { expect, test } from "bun:test";
import { builtins } from "../../lib/data/builtins.ts";
import { parseImageSize } from "../../lib/data/image-size.ts";
import { openDataset } from "../../lib/data/open.ts";
import { UserError } from "../../lib/errors.ts";
import { writeGrid } from "../../lib/images/png.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const IDX = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 200]);

test("built-in names win, and the seed reaches them", async () => {
  for (const name of Object.keys(builtins)) expect((await openDataset(name)).name).toBe(name);
  const read = async (seed: number): Promise<Float32Array> => {
    const images = new Float32Array(784);
    await (await openDataset("digits", { seed })).read([0], images);
    return images;
  };
  expect(await read(1)).not.toEqual(await read(2));
});

test("a folder is what it holds; a file is what its name says", async () => {
  using folder = new TemporaryFolder();
  const idx = folder.write("idx/train-images-idx3-ubyte", IDX);
  folder.write("odd/pictures", IDX);
  const batch = folder.write("cifar/data_batch_1.bin", Buffer.alloc(3073 * 2));
  await writeGrid(`${folder.path}/png/a.png`, new Float32Array(16), [1, 1, 4, 4]);
  const shapes = [];
  for (const spec of ["idx", "odd/pictures", "cifar", "png"])
    shapes.push((await openDataset(`${folder.path}/${spec}`)).shape);
  expect(shapes).toEqual([
    [1, 1, 1],
    [1, 1, 1],
    [3, 32, 32],
    [3, 32, 32],
  ]);
  expect([(await openDataset(idx)).size, (await openDataset(batch)).size]).toEqual([1, 2]);
  const small = await openDataset(`${folder.path}/png`, { size: [28, 20], channels: 1 });
  expect(small.shape).toEqual([1, 28, 20]);
});

test.each(["nosuchthing", "./digits", "toString"])(
  "%s is refused with all that is possible",
  async (spec) => {
    const error = await openDataset(spec).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UserError);
    for (const kind of ["digits, shapes", "IDX", "CIFAR-10", "folder of images", spec])
      expect(String(error)).toContain(kind);
  },
);

test("a single picture is refused with advice", async () => {
  using folder = new TemporaryFolder();
  await expect(openDataset(folder.write("a.png", "x"))).rejects.toThrow("give the folder");
});

test("options of image folders are refused where images have their shape already, and so is a false colour", async () => {
  using folder = new TemporaryFolder();
  const idx = folder.write("train-images-idx3-ubyte", IDX);
  await expect(openDataset("digits", { size: [16, 16] })).rejects.toThrow(
    /\[1,28,28\] already, so size cannot/,
  );
  await expect(openDataset(idx, { fit: "cover", channels: 3 })).rejects.toThrow(/so fit, channels cannot/);
  await writeGrid(`${folder.path}/png/a.png`, new Float32Array(16), [1, 1, 4, 4]);
  await expect(openDataset(`${folder.path}/png`, { background: "nocolour" })).rejects.toThrow(
    /background: expected a CSS colour.*got "nocolour"/,
  );
});

test("image sizes are height by width", () => {
  expect(parseImageSize("32")).toEqual([32, 32]);
  expect(parseImageSize("28x20")).toEqual([28, 20]);
});

test.each(["", "0", "x", "32x", "-4", "1.5", "8x9x3", "5000", "4x0", "32 "])(
  "image size %p is refused",
  (text) => {
    expect(() => parseImageSize(text)).toThrow(UserError);
  },
);
