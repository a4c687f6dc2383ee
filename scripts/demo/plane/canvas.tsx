// A panel: the plane with its layers, redrawn when something on it has changed, and paper for drawing.
import { type Signal, useSignal, useSignalEffect } from "@preact/signals";
import type { RefObject, TargetedPointerEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { plane } from "../state/plane.ts";
import { colourOf } from "../ui/colours.ts";
import { dark } from "../ui/scheme.ts";
import { drawTo, lift, pen, stroke } from "./drawing.ts";
import { shownLayers } from "./layers/index.ts";
import type { Palette, Scene } from "./layers/layer.ts";
import { field, info, paths, placeIn, runs, sigma, view } from "./live.ts";
import { inPixels, under } from "./view.ts";
import { describe } from "./words.ts";

interface PanelProps {
  readonly panel: 0 | 1;
}

const isPaper = () => plane.density.value === "drawn";

/** The side of a square element in pixels of its screen. */
function useSide(place: RefObject<HTMLCanvasElement | null>): Signal<number> {
  const side = useSignal(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const measure = new ResizeObserver(() => {
      side.value = Math.round(element.clientWidth * devicePixelRatio);
    });
    measure.observe(element);
    return () => measure.disconnect();
  }, [place, side]);
  return side;
}

const paletteOf = (element: Element): Palette => ({
  ink: colourOf("--ink", element),
  quiet: colourOf("--quiet", element),
  blue: colourOf("--blue", element),
  orange: colourOf("--orange", element),
  green: colourOf("--green", element),
  purple: colourOf("--purple", element),
});

function sceneOf(panel: 0 | 1, side: number, palette: Palette): Scene | undefined {
  if (view.value === undefined || side === 0) return undefined;
  const run = runs[panel].value;
  return {
    view: view.value,
    info: info.value,
    side,
    pixel: devicePixelRatio,
    palette,
    sigma: sigma.value,
    run,
    at: placeIn(run),
    field: field.value,
    paths: paths.value,
    sketch: isPaper() ? (stroke.value ?? plane.points.value) : undefined,
  };
}

function paint(canvas: HTMLCanvasElement, scene: Scene, layers: ReturnType<typeof shownLayers>): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  // Another size empties it, and costs.
  if (canvas.width !== scene.side) canvas.width = canvas.height = scene.side;
  else context.clearRect(0, 0, scene.side, scene.side);
  for (const layer of layers) layer(context, scene);
  if (scene.sketch && pen.peek()) drawPen(context, scene, pen.peek()!);
}

function drawPen(
  context: CanvasRenderingContext2D,
  { view, side, pixel, palette }: Scene,
  at: readonly number[],
) {
  const [x, y] = inPixels(view, Float32Array.from(at), side);
  context.strokeStyle = palette.ink;
  context.lineWidth = 1.5 * pixel;
  context.beginPath();
  context.arc(x!, y!, 7 * pixel, 0, 2 * Math.PI);
  context.stroke();
}

/** Paints what has changed with the next frame of the screen. */
function usePainting(place: RefObject<HTMLCanvasElement | null>, panel: 0 | 1): void {
  const side = useSide(place);
  const colours = useRef<{ readonly dark: boolean; readonly palette: Palette } | undefined>(undefined);
  const waiting = useRef(0);
  useSignalEffect(() => {
    const canvas = place.current;
    if (!canvas) return;
    if (colours.current?.dark !== dark.value)
      colours.current = { dark: dark.value, palette: paletteOf(canvas) };
    const scene = sceneOf(panel, side.value, colours.current.palette);
    const layers = shownLayers();
    pen.value;
    cancelAnimationFrame(waiting.current);
    if (scene) waiting.current = requestAnimationFrame(() => paint(canvas, scene, layers));
  });
}

/** Draws with mouse, finger or pen. */
function usePaper() {
  const from = useRef<readonly [number, number] | undefined>(undefined);
  const placeOf = ({ currentTarget, clientX, clientY }: TargetedPointerEvent<HTMLCanvasElement>) => {
    const { left, top, width, height } = currentTarget.getBoundingClientRect();
    return view.peek() && under(view.peek()!, (clientX - left) / width, (clientY - top) / height);
  };
  const end = () => {
    from.current = undefined;
    lift();
  };
  return {
    onPointerDown(event: TargetedPointerEvent<HTMLCanvasElement>) {
      const place = placeOf(event);
      if (!isPaper() || !place) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      from.current = place;
      pen.value = undefined;
      drawTo(place, place);
    },
    onPointerMove(event: TargetedPointerEvent<HTMLCanvasElement>) {
      const place = from.current && placeOf(event);
      if (!from.current || !place) return;
      drawTo(from.current, place);
      from.current = place;
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}

export function PlaneCanvas({ panel }: PanelProps) {
  const place = useRef<HTMLCanvasElement>(null);
  usePainting(place, panel);
  const paper = usePaper();
  return (
    <canvas
      ref={place}
      class={isPaper() ? "plane paper" : "plane"}
      role="img"
      aria-label={describe(panel)}
      {...paper}
    />
  );
}
