// The score as arrows: their direction is the score's, their length the noise that it expects, at most one cell.
import { inPixels, shrunk } from "../view.ts";
import type { Layer, Palette, Scene, ShownField } from "./layer.ts";

/** A field on a finer grid has an arrow in every so many cells. */
const EVERY = 2;

type Which = Extract<keyof ShownField, "score" | "trueScore">;

const arrows =
  (which: Which, colour: keyof Palette): Layer =>
  (context, scene) => {
    const { field, palette, pixel, side, view } = scene;
    if (field === undefined) return;
    const step = (EVERY * 2 * field.extent) / field.cells;
    // One standard deviation of the noise, sigma |score| = 1, is most of a cell.
    const longest = 0.42 * step;
    const ends: number[] = [];
    eachCell(scene, field, (x, y, i) => {
      const [u, v] = [field[which][2 * i]! * field.sigma, field[which][2 * i + 1]! * field.sigma];
      const size = Math.hypot(u, v);
      const length = (longest * Math.min(1, size)) / Math.max(size, 1e-12);
      ends.push(x - u * length, y - v * length, x + u * length, y + v * length);
    });
    context.strokeStyle = palette[colour];
    context.lineWidth = 1.25 * pixel;
    context.globalAlpha = 0.5;
    draw(context, inPixels(view, shrunk(view, ends, field.sigma), side), 3.5 * pixel);
    context.globalAlpha = 1;
  };

function eachCell(
  { view }: Scene,
  { cells, extent }: ShownField,
  visit: (x: number, y: number, index: number) => void,
): void {
  const first = Math.floor(EVERY / 2);
  const place = (i: number) => -extent + ((2 * i + 1) * extent) / cells;
  for (let row = first; row < cells; row += EVERY)
    for (let column = first; column < cells; column += EVERY)
      visit(view.centre[0] + place(column), view.centre[1] + place(row), row * cells + column);
}

/** Arrows from pixel to pixel, [n*4], with heads of at most this size. */
function draw(context: CanvasRenderingContext2D, ends: Float32Array, head: number): void {
  context.beginPath();
  for (let i = 0; i < ends.length; i += 4) {
    const [x0, y0, x1, y1] = [ends[i]!, ends[i + 1]!, ends[i + 2]!, ends[i + 3]!];
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (length < 1) continue;
    const size = Math.min(head, length / 2) / length;
    const [dx, dy] = [(x1 - x0) * size, (y1 - y0) * size];
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.moveTo(x1 - dx - 0.6 * dy, y1 - dy + 0.6 * dx);
    context.lineTo(x1, y1);
    context.lineTo(x1 - dx + 0.6 * dy, y1 - dy - 0.6 * dx);
  }
  context.stroke();
}

export const learnedArrows = arrows("score", "ink");
export const trueArrows = arrows("trueScore", "green");
