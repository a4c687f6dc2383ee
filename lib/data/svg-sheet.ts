// Draws many small figures at once: one SVG sheet, one cell per figure, rasterised by a single sharp call.

import sharp from "sharp";

/** A closed polygon in pixels of its cell: x0, y0, x1, y1, … */
export type Polygon = readonly number[];

// Corners lie on a grid of 1/64 pixel, which the rasteriser's fixed-point numbers hold exactly: so a figure's
// pixels are equal to the bit in every cell.
const GRID = 64;
const COLUMNS = 16;
const CELLS_PER_SHEET = 256;

const snap = (value: number): number => Math.round(value * GRID);

function pathData(polygon: Polygon): string {
  let x = 0;
  let y = 0;
  let path = "";
  for (let i = 0; i < polygon.length; i += 2) {
    const nextX = snap(polygon[i]!);
    const nextY = snap(polygon[i + 1]!);
    path += `${i === 0 ? "M" : "l"}${nextX - x} ${nextY - y}`;
    x = nextX;
    y = nextY;
  }
  return `${path}Z`;
}

function cell(figure: readonly Polygon[], left: number, top: number): string {
  return `<path transform="matrix(${1 / GRID} 0 0 ${1 / GRID} ${left} ${top})" d="${figure.map(pathData).join("")}"/>`;
}

async function renderSheet(figures: readonly (readonly Polygon[])[], height: number, width: number) {
  const columns = Math.min(COLUMNS, figures.length);
  const rows = Math.ceil(figures.length / columns);
  const cells = figures.map((figure, i) =>
    cell(figure, (i % columns) * width, Math.floor(i / columns) * height),
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${columns * width}" height="${rows * height}">${cells.join("")}</svg>`;
  const alpha = 3;
  const data = await sharp(Buffer.from(svg)).extractChannel(alpha).raw().toBuffer();
  return { data, stride: columns * width, columns };
}

/**
 * The coverage 0..255 of each figure as [N,height,width]. A figure is the union of its polygons (non-zero winding) and must stay
 * inside its cell; its pixels depend on nothing but its polygons.
 */
export async function renderFigures(
  figures: readonly (readonly Polygon[])[],
  height: number,
  width: number,
): Promise<Uint8Array> {
  const out = new Uint8Array(figures.length * height * width);
  for (let start = 0; start < figures.length; start += CELLS_PER_SHEET) {
    const part = figures.slice(start, start + CELLS_PER_SHEET);
    const { data, stride, columns } = await renderSheet(part, height, width);
    for (let i = 0; i < part.length; i++) {
      const corner = Math.floor(i / columns) * height * stride + (i % columns) * width;
      for (let y = 0; y < height; y++) {
        const row = data.subarray(corner + y * stride, corner + y * stride + width);
        out.set(row, ((start + i) * height + y) * width);
      }
    }
  }
  return out;
}
