// Where some particles came from: their last frames, fading.
import { drawnAt, type Run } from "../run.ts";
import { inPixels } from "../view.ts";
import type { Layer, Scene } from "./layer.ts";

const LENGTH = 10;
const MOST = 200;

export const trails: Layer = (context, scene) => {
  const { run, palette, pixel } = scene;
  if (!run?.frames.length) return;
  context.strokeStyle = palette.blue;
  context.lineWidth = pixel;
  const stops = stopsOf(run, scene.at).map((at) => pixelsAt(scene, run, at));
  for (const [age, from] of stops.entries()) {
    const to = stops[age + 1];
    if (to === undefined) break;
    context.globalAlpha = 0.5 * ((age + 1) / stops.length);
    segments(context, from, to);
  }
  context.globalAlpha = 1;
};

/** The present place and the whole frames before it, the oldest first. */
function stopsOf(run: Run, at: number): number[] {
  const here = Math.min(at, run.frames.length - 1);
  const newest = Math.ceil(here) - 1;
  const oldest = Math.max(0, newest - LENGTH);
  const whole = Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, i) => oldest + i);
  return [...whole, here];
}

const pixelsAt = ({ view, side }: Scene, run: Run, at: number): Float32Array =>
  inPixels(view, drawnAt(view, run, at, MOST), side);

function segments(context: CanvasRenderingContext2D, from: Float32Array, to: Float32Array): void {
  context.beginPath();
  for (let i = 0; i < from.length; i += 2) {
    context.moveTo(from[i]!, from[i + 1]!);
    context.lineTo(to[i]!, to[i + 1]!);
  }
  context.stroke();
}
