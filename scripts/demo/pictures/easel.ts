// The easel: a picture to paint on, and which of its pixels are hidden, to be filled in.
import { computed, effect, untracked } from "@preact/signals";
import { digits } from "../../../lib/data/digits.ts";
import { shapes } from "../../../lib/data/shapes.ts";
import { quantised } from "../state/picture-text.ts";
import { pictures } from "../state/pictures.ts";
import { polyline, type Stroke, strokeOn } from "./brush.ts";
import { frame, model, pixelsOf } from "./live.ts";

const background = -1;

/** [C*H*W]; an empty one, until it was used or where it was for pictures of another shape. */
export const easelPicture = computed<Float32Array>(() => {
  const size = model.value ? pixelsOf(model.value) : 0;
  const kept = pictures.picture.value;
  return kept.length === size ? kept : new Float32Array(size).fill(background);
});

/** 1 where it is hidden, else 0, [H*W]; at first its lower half is. */
export const hiddenPixels = computed<Float32Array>(() => {
  const [, height, width] = model.value?.shape ?? [1, 0, 0];
  const kept = pictures.mask.value;
  return kept.length === height * width
    ? kept.map((value) => Number(value < 0))
    : masks.bottom.hide(height, width);
});

type Hidden = (y: number, x: number) => boolean;

const mask = (title: string, hidden: Hidden) => ({
  title,
  hide: (height: number, width: number) =>
    Float32Array.from({ length: height * width }, (_, i) =>
      Number(hidden((Math.floor(i / width) + 0.5) / height, ((i % width) + 0.5) / width)),
    ),
});

/** Hidden parts to choose by name, for those who do not paint. */
export const masks = {
  top: mask("Top", (y) => y < 0.5),
  bottom: mask("Bottom", (y) => y > 0.5),
  left: mask("Left", (_, x) => x < 0.5),
  right: mask("Right", (_, x) => x > 0.5),
  centre: mask("Centre", (y, x) => Math.max(Math.abs(y - 0.5), Math.abs(x - 0.5)) < 0.25),
  none: mask("Nothing", () => false),
};

export function hide(name: keyof typeof masks): void {
  const [, height, width] = model.peek()?.shape ?? [1, 0, 0];
  keepHidden(masks[name].hide(height, width));
}

export function keepHidden(hidden: Float32Array): void {
  pictures.mask.value = hidden.map((value) => 1 - 2 * value);
}

/** Puts a picture on the easel as its link will show it. */
export function keepPicture(picture: Float32Array): void {
  pictures.picture.value = quantised(picture);
}

export const clear = (): void => keepPicture(easelPicture.peek().map(() => background));

/** Rough figures in the unit square, to start from without painting. */
export const sketches = {
  ring: {
    title: "Ring",
    stroke: polyline((t) => [0.5 + 0.26 * Math.sin(t), 0.5 - 0.32 * Math.cos(t)], 2 * Math.PI),
  },
  bar: { title: "Bar", stroke: polyline((t) => [0.55 - 0.06 * t, 0.16 + 0.68 * t], 1) },
  hook: { title: "Hook", stroke: polyline((t) => [0.5 + 0.24 * Math.sin(3 * t), 0.16 + 0.66 * t], 1) },
} satisfies Record<string, { title: string; stroke: Stroke }>;

export function sketch(name: keyof typeof sketches): void {
  const opened = model.peek();
  if (opened === undefined) return;
  const blank = new Float32Array(pixelsOf(opened)).fill(background);
  keepPicture(strokeOn(blank, opened.shape, sketches[name].stroke, 1));
}

/** The built-in data of a shape, to take pictures from. */
const sources = [digits(0), shapes(0)];

let taken = 0;

/** Puts a picture on the easel when one is to be filled in and there is none yet, until the returned function is called. */
export const keepEaselUsed = (): (() => void) =>
  effect(() => {
    if (pictures.task.value !== "inpaint" || model.value === undefined || pictures.picture.value.length > 0)
      return;
    untracked(() => void takeNext());
  });

/** Takes the next picture of the data, or of the samples where there are no data of this shape. */
export async function takeNext(): Promise<void> {
  const opened = model.peek();
  const data = sources.find(({ shape }) => shape.join() === opened?.shape.join());
  if (opened === undefined) return;
  if (data === undefined) {
    takeNextSample();
    return;
  }
  const picture = new Float32Array(pixelsOf(opened));
  await data.read([taken++], picture);
  keepPicture(picture);
}

/** Takes one tile after another. */
export const takeNextSample = (): void => takeSample(taken++ % pictures.count.peek());

/** Takes a tile of what was drawn. */
export function takeSample(tile: number): void {
  const [opened, shown] = [model.peek(), frame.peek()];
  if (opened === undefined || shown === undefined) return;
  const size = pixelsOf(opened);
  if ((tile + 1) * size <= shown.denoised.length)
    keepPicture(shown.denoised.slice(tile * size, (tile + 1) * size));
}
