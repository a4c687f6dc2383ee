// The points that the reader draws.
import { dots } from "./dots.ts";
import type { Layer } from "./layer.ts";

export const sketch: Layer = (context, { view, sketch, side, pixel, palette }) => {
  if (sketch === undefined) return;
  dots(context, {
    view,
    drawn: sketch,
    canvas: side,
    colour: palette.orange,
    opacity: 0.8,
    size: 2.5 * pixel,
  });
};
