// The grid of pictures: noisy, or what the model takes them for.
import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { pictures } from "../state/pictures.ts";
import { frame, model, pixelsOf } from "./live.ts";
import { narrow } from "./narrow.ts";
import { imageOf, shrinkage } from "./pixels.ts";

/** Pixels of the model between tiles. */
const GAP = 2;

interface Layout {
  readonly columns: number;
  readonly rows: number;
}

/** On a phone five tiles in a row are large enough to see. */
function layout(most: number): Layout {
  const count = pictures.count.value;
  const columns = Math.min(count, narrow.value ? 5 : most);
  return { columns, rows: Math.ceil(count / columns) };
}

function drawTiles(canvas: HTMLCanvasElement, { columns, rows }: Layout): void {
  const [opened, shown] = [model.value, frame.value];
  const [, height, width] = opened?.shape ?? [1, 28, 28];
  const size = { width: columns * (width + GAP) - GAP, height: rows * (height + GAP) - GAP };
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, size.width, size.height);
  if (!opened || !shown) return;
  const denoised = pictures.show.value === "denoised";
  const [values, scale] = denoised ? [shown.denoised, 1] : [shown.x, shrinkage(shown.sigma)];
  const pixels = pixelsOf(opened);
  for (let i = 0; i < values.length / pixels; i++) {
    const tile = imageOf(values.subarray(i * pixels, (i + 1) * pixels), opened.shape, scale);
    context.putImageData(tile, (i % columns) * (width + GAP), Math.floor(i / columns) * (height + GAP));
  }
}

/** The tile under the pointer. */
function tileAt(canvas: HTMLCanvasElement, event: MouseEvent, { columns, rows }: Layout): number {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const column = Math.floor(((event.clientX - left) / width) * columns);
  return Math.floor(((event.clientY - top) / height) * rows) * columns + column;
}

/** What is seen, in words. */
function description(): string {
  const [opened, shown] = [model.value, frame.value];
  if (!opened) return "No model is open";
  if (!shown) return "No pictures yet";
  const what = pictures.show.value === "denoised" ? "what the model takes them for" : "with their noise";
  return `${pictures.count.value} pictures by ${opened.name}, ${what}, at noise level ${shown.sigma.toPrecision(3)}`;
}

interface GridProps {
  /** The most tiles in a row. */
  readonly columns: number;
  /** When a tile is clicked. */
  readonly onPick?: ((tile: number) => void) | undefined;
}

export function Grid({ columns: most, onPick }: GridProps) {
  const place = useRef<HTMLCanvasElement>(null);
  const asked = useSignal(most);
  asked.value = most;
  useSignalEffect(() => {
    if (place.current) drawTiles(place.current, layout(asked.value));
  });
  const { columns } = layout(most);
  return (
    <canvas
      ref={place}
      class="pixels"
      style={{ maxWidth: `${columns * 7.5}rem` }}
      role="img"
      aria-label={description()}
      onClick={(event) => onPick?.(tileAt(event.currentTarget, event, layout(most)))}
    />
  );
}
