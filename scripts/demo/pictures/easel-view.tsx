// The easel as a canvas for mouse, finger and pen: ink on a sketch, or a veil over what is to be filled in.
import { type Signal, signal, useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { pictures } from "../state/pictures.ts";
import { Segmented } from "../ui/choices.tsx";
import { type Stroke, strokeOn } from "./brush.ts";
import { easelPicture, hiddenPixels, keepHidden, keepPicture } from "./easel.ts";
import { model } from "./live.ts";
import { imageOf } from "./pixels.ts";

const tools = {
  inpaint: { add: "Hide", remove: "Show again" },
  edit: { add: "Draw", remove: "Erase" },
};

/** Whether strokes add or remove. */
const tool = signal<"add" | "remove">("add");

type Shape = readonly [number, number, number];

/** Painted values in [-1,1]: of the veil, or of the picture. */
function painted(stroke: Stroke, shape: Shape): { veil: Float32Array; picture: Float32Array } {
  const [, height, width] = shape;
  const value = tool.value === "add" ? 1 : -1;
  const veil = hiddenPixels.value.map((hidden) => 2 * hidden - 1);
  if (pictures.task.value === "inpaint")
    return { veil: strokeOn(veil, [1, height, width], stroke, value), picture: easelPicture.value };
  return { veil, picture: strokeOn(easelPicture.value, shape, stroke, value) };
}

/** A veil is a chequered pattern, so that it is seen whatever is below it and whatever colours are seen. */
function drawEasel(canvas: HTMLCanvasElement, stroke: Stroke): void {
  const shape = model.value?.shape;
  const context = canvas.getContext("2d");
  if (!shape || !context) return;
  const [, height, width] = shape;
  const { veil, picture } = painted(stroke, shape);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = imageOf(picture, shape);
  if (pictures.task.value === "inpaint")
    for (let i = 0; i < veil.length; i++) {
      if (veil[i]! <= 0) continue;
      const light = ((i % width) + Math.floor(i / width)) % 2 === 0;
      image.data.set(light ? [230, 159, 0] : [120, 82, 0], 4 * i);
    }
  context.putImageData(image, 0, 0);
}

function keep(stroke: Stroke): void {
  const shape = model.peek()?.shape;
  if (!shape) return;
  const { veil, picture } = painted(stroke, shape);
  if (pictures.task.peek() === "inpaint") keepHidden(veil.map((value) => Number(value > 0)));
  else keepPicture(picture);
}

/** Follows a pointer that is down, corner by corner. */
function usePen(stroke: Signal<Stroke>) {
  const at = (event: PointerEvent & { readonly currentTarget: HTMLCanvasElement }) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height] as const;
  };
  const end = () => {
    if (stroke.peek().length > 0) keep(stroke.peek());
    stroke.value = [];
  };
  type Handler = (event: PointerEvent & { readonly currentTarget: HTMLCanvasElement }) => void;
  const down: Handler = (event) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    stroke.value = [at(event)];
  };
  const move: Handler = (event) => {
    if (stroke.peek().length > 0) stroke.value = [...stroke.peek(), at(event)];
  };
  return { onPointerDown: down, onPointerMove: move, onPointerUp: end, onPointerCancel: end };
}

export function EaselView() {
  const place = useRef<HTMLCanvasElement>(null);
  const stroke = useSignal<Stroke>([]);
  useSignalEffect(() => {
    if (place.current) drawEasel(place.current, stroke.value);
  });
  const task = pictures.task.value === "inpaint" ? "inpaint" : "edit";
  return (
    <div class="easel">
      <canvas
        ref={place}
        class="pixels paper"
        role="img"
        aria-label={
          task === "inpaint"
            ? "The picture, and what is hidden of it; the buttons beside hide parts by name"
            : "The sketch; the buttons beside draw some by name"
        }
        {...usePen(stroke)}
      />
      <Segmented label="Brush" value={tool} options={tools[task]} />
    </div>
  );
}
