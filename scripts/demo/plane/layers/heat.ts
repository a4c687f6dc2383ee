// Heat maps: a number for each cell as more or less of one colour.
import { shrinkage } from "../view.ts";
import type { Layer, Palette, Scene, ShownField } from "./layer.ts";

interface Heat {
  readonly colour: keyof Palette;
  /** 0..1 for each cell of a field, or nothing to show. */
  readonly of: (field: ShownField) => Float32Array | undefined;
}

/** Log densities below the highest by this much are blank. */
const DEPTH = 7;

/** A log density up to a constant, as shares 0..1. */
function relief(logDensity: Float32Array): Float32Array {
  const top = logDensity.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return logDensity.map((value) => Math.max(0, 1 + (value - top) / DEPTH) ** 2);
}

/** The distance of the scores in units of the noise's own, 1 / sigma. */
function errorOf({ score, trueScore, sigma, cells }: ShownField): Float32Array {
  return Float32Array.from({ length: cells ** 2 }, (_, i) => {
    const off = Math.hypot(score[2 * i]! - trueScore[2 * i]!, score[2 * i + 1]! - trueScore[2 * i + 1]!);
    return Math.min(1, sigma * off);
  });
}

const heats = {
  density: { colour: "purple", of: ({ logDensity }) => relief(logDensity) },
  energy: { colour: "purple", of: ({ energy }) => energy && relief(energy.map((value) => -value)) },
  error: { colour: "orange", of: errorOf },
} satisfies Record<string, Heat>;

export type HeatName = keyof typeof heats;

export const heat =
  (name: HeatName): Layer =>
  (context, scene) => {
    const { field, palette } = scene;
    const { colour, of }: Heat = heats[name];
    const values = field && of(field);
    if (field && values) spread(context, scene, field, imageOf(values, field.cells, palette[colour]));
  };

/** One pixel for each cell, the first row at the bottom. */
function imageOf(values: Float32Array, cells: number, colour: string): OffscreenCanvas {
  const small = new OffscreenCanvas(cells, cells);
  const context = small.getContext("2d");
  if (!context) return small;
  context.fillStyle = colour;
  context.fillRect(0, 0, cells, cells);
  const image = context.getImageData(0, 0, cells, cells);
  values.forEach((value, i) => {
    const row = cells - 1 - Math.floor(i / cells);
    image.data[4 * (row * cells + (i % cells)) + 3] = Math.round(170 * value);
  });
  context.putImageData(image, 0, 0);
  return small;
}

/** Over the square that the field covers. */
function spread(
  context: CanvasRenderingContext2D,
  { view, side }: Scene,
  { extent, sigma }: ShownField,
  image: OffscreenCanvas,
): void {
  const scale = side / (2 * view.half);
  const half = extent * shrinkage(view, sigma) * scale;
  const left = side / 2 + (view.centre[0] - view.middle[0]) * scale - half;
  const top = side / 2 - (view.centre[1] - view.middle[1]) * scale - half;
  context.imageSmoothingEnabled = true;
  context.drawImage(image, left, top, 2 * half, 2 * half);
}
