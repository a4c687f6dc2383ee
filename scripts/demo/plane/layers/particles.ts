// The particles that the sampler moves.
import { drawnAt } from "../run.ts";
import { dots } from "./dots.ts";
import type { Layer } from "./layer.ts";

export const particles: Layer = (context, { view, run, at, side, pixel, palette }) => {
  if (!run?.frames.length) return;
  const drawn = drawnAt(view, run, at);
  dots(context, { view, drawn, canvas: side, colour: palette.blue, opacity: 0.7, size: 2.5 * pixel });
};
