// Samples of the density with noise of the level that is looked at, the same noise at all levels.
import { stream } from "../../../../lib/random.ts";
import { shrunk } from "../view.ts";
import { dots } from "./dots.ts";
import type { Layer } from "./layer.ts";

const MOST = 800;

const noise = new Float32Array(2 * MOST);
stream(0, "plane data").fillNormal(noise);

export const data: Layer = (context, { view, info, sigma, side, pixel, palette }) => {
  if (info === undefined) return;
  const noisy = info.data.slice(0, noise.length).map((x, i) => x + sigma * noise[i]!);
  const drawn = shrunk(view, noisy, sigma);
  dots(context, { view, drawn, canvas: side, colour: palette.quiet, opacity: 0.55, size: 2 * pixel });
};
