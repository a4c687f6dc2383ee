// A typed word as a density: points spread over its letters.
import { stream } from "../../../lib/random.ts";

const COUNT = 3000;
const HEIGHT = 96;
/** The letters' area has about the spread of the other densities. */
const WIDTH = 4.4;
const TALLEST = 2.6;

/** Points [n*2] in the ink of a word; none for a word without ink. */
export function wordPoints(word: string): Float32Array {
  const { ink, width, height } = inkOf(word);
  if (ink.length === 0) return new Float32Array();
  const unit = Math.min(WIDTH / width, TALLEST / height);
  const random = stream(0, "word");
  const points = new Float32Array(2 * COUNT);
  for (let i = 0; i < points.length; i += 2) {
    const pixel = ink[random.integer(ink.length)]!;
    points[i] = ((pixel % width) + random.uniform() - width / 2) * unit;
    points[i + 1] = (height / 2 - Math.floor(pixel / width) - random.uniform()) * unit;
  }
  return points;
}

interface Ink {
  /** The pixels that are covered, row by row. */
  readonly ink: readonly number[];
  readonly width: number;
  readonly height: number;
}

function inkOf(word: string): Ink {
  const font = `600 ${HEIGHT}px system-ui, sans-serif`;
  const context = new OffscreenCanvas(1, 1).getContext("2d")!;
  context.font = font;
  const measured = context.measureText(word);
  const width = Math.max(1, Math.ceil(measured.width));
  const { actualBoundingBoxAscent: ascent, actualBoundingBoxDescent: descent } = measured;
  const height = Math.max(1, Math.ceil(ascent + descent));
  // Sizing a canvas resets its context.
  context.canvas.width = width;
  context.canvas.height = height;
  context.font = font;
  context.fillText(word, 0, ascent);
  const { data } = context.getImageData(0, 0, width, height);
  const ink = Array.from({ length: width * height }, (_, i) => i).filter((i) => data[4 * i + 3]! > 127);
  return { ink, width, height };
}
