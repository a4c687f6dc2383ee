// The curves of the probability flow, from noise to data, each the same for ever.
import { inPixels, shrunk } from "../view.ts";
import type { Layer } from "./layer.ts";

export const paths: Layer = (context, { view, side, pixel, palette, paths: run }) => {
  if (!run?.frames.length) return;
  const stops = run.frames.map(({ x, sigma }) => inPixels(view, shrunk(view, x, sigma), side));
  context.strokeStyle = palette.orange;
  context.lineWidth = 1.25 * pixel;
  context.globalAlpha = 0.7;
  context.beginPath();
  for (let i = 0; i < stops[0]!.length; i += 2) {
    context.moveTo(stops[0]![i]!, stops[0]![i + 1]!);
    for (const stop of stops.slice(1)) context.lineTo(stop[i]!, stop[i + 1]!);
  }
  context.stroke();
  context.globalAlpha = 1;
};
