// Figures as files: PNG, SVG and animations are whole, of the right size, and the same each time.

import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { UserError } from "../../lib/errors.ts";
import { figure } from "../../lib/plots/figure.ts";
import { writeParticleAnimation } from "../../lib/plots/particle-animation.ts";
import { particles } from "../../lib/plots/particles.ts";
import type { Grid } from "../../lib/plots/plane.ts";
import { renderSvg } from "../../lib/plots/render.ts";
import { scoreField } from "../../lib/plots/score-field.ts";
import { figureFiles, writeFigure } from "../../lib/plots/write-figure.ts";
import { attribute, texts } from "../support/svg-marks.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const grid: Grid = { x: [-1, 1], y: [-1, 1], columns: 4, rows: 4 };
const field = scoreField({ grid, values: new Float32Array(32).fill(1) });
const density = { grid, values: Float32Array.from({ length: 16 }, (_, i) => (i === 0 ? 0 : -50)) };

test("a path without an extension gets both files, the PNG with two pixels for each of the SVG's", async () => {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/new/field`;
  const spec = figure([[field, field], [field]], "three fields");
  expect(await writeFigure(path, spec)).toEqual([`${path}.png`, `${path}.svg`]);
  const svg = readFileSync(`${path}.svg`, "utf8");
  const [width, height] = ["width", "height"].map((name) => Number(attribute(svg, name)));
  expect(svg).toStartWith("<svg ");
  expect(texts(svg).filter((text) => text === "score").length).toBe(3);
  expect(texts(svg)).toContain("three fields");
  const { data, info } = await sharp(`${path}.png`).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([2 * width!, 2 * height!]);
  // White paper, dark arrows.
  expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
  expect(data.reduce((a, b) => Math.min(a, b))).toBeLessThan(80);
});

test("a path with an extension gets that file alone; other extensions and unwritable paths are the user's to mend", async () => {
  using folder = new TemporaryFolder();
  const spec = figure([[field]]);
  expect(await writeFigure(`${folder.path}/a.svg`, spec)).toEqual([`${folder.path}/a.svg`]);
  expect(existsSync(`${folder.path}/a.png`)).toBe(false);
  await expect(writeFigure("a.jpg", spec)).rejects.toBeInstanceOf(UserError);
  expect(() => figureFiles("a.jpg")).toThrow("a.jpg: expected a figure ending in .png or .svg");
  await expect(writeFigure(`${folder.path}/a.svg/b.svg`, spec)).rejects.toBeInstanceOf(UserError);
});

test("the same figure is the same file, whatever was drawn before it", async () => {
  const spec = () => figure([[particles([{ title: "a", points: [0, 0, 1, 1] }], { density }), field]]);
  const [first, , again] = [
    await renderSvg(spec()),
    await renderSvg(figure([[field]])),
    await renderSvg(spec()),
  ];
  expect(again).toBe(first);
});

test("what Vega complains about is an error", async () => {
  const panel = { ...field, height: "container" } as typeof field;
  await expect(renderSvg(figure([[panel]]))).rejects.toThrow("without complaints");
});

const pixel = async (path: string, page: number, x: number, y: number) => {
  const { data, info } = await sharp(path, { page })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
};

test.each(["webp", "gif"])(
  "an animation as %s has a frame for each, with its particles over the density",
  async (format) => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/a.${format}`;
    const many = (x: number, y: number) =>
      Float32Array.from({ length: 242 }, (_, i) =>
        i % 2 === 0 ? x + (((i / 2) % 11) - 5) / 100 : y + (Math.floor(i / 22) - 5) / 100,
      );
    const frames = [many(0.5, 0.5), many(-0.5, 0.5), many(-0.5, -0.5)].map((points, i) => ({
      points,
      title: `step ${i}`,
    }));
    await writeParticleAnimation(path, frames, { density, delay: 40, hold: 200 });
    const meta = await sharp(path, { animated: true }).metadata();
    expect([meta.pages, meta.delay]).toEqual([3, [40, 40, 200]]);
    // The panel: 420 pixels wide, its right edge 11 from the picture's.
    const right = meta.width - 11;
    const top = meta.pageHeight! - 420 - 46;
    const at = (page: number, x: number, y: number) =>
      pixel(path, page, Math.round(right - 420 + ((x + 1) / 2) * 420), Math.round(top + ((1 - y) / 2) * 420));
    const [red = 0, green = 0, blue = 0] = await at(0, 0.5, 0.5);
    expect(red).toBeGreaterThan(blue + 60);
    expect(Math.min(...(await at(1, 0.5, 0.5)))).toBeGreaterThan(240);
    expect(green).toBeLessThan(220);
    const [r = 0, , b = 0] = await at(0, -0.75, -0.75);
    expect(b).toBeGreaterThan(r + 60);
  },
);

test("animations of no frames, of particles that are not finite or of other formats are refused", async () => {
  const frame = { points: [0, 0], title: "" };
  await expect(writeParticleAnimation("a.webp", [])).rejects.toThrow("got none");
  await expect(writeParticleAnimation("a.webp", [{ ...frame, points: [0, Number.NaN] }])).rejects.toThrow(
    "got NaN",
  );
  await expect(writeParticleAnimation("a.mp4", [frame])).rejects.toBeInstanceOf(UserError);
});

test("Vega is loaded by the first figure that is drawn, not by what can draw one", async () => {
  const folder = join(import.meta.dir, "../../lib/plots");
  const found = readdirSync(folder).flatMap((file) =>
    new Bun.Transpiler({ loader: "ts" }).scanImports(readFileSync(join(folder, file), "utf8")),
  );
  const vega = found.filter(({ path }) => path.startsWith("vega"));
  expect(vega.map(({ kind }) => kind)).toEqual(["dynamic-import", "dynamic-import"]);
});
