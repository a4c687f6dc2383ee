// Particles that move: one figure per frame, written as an animation.

import type { Sharp } from "sharp";
import { type AnimationOptions, writeAnimation } from "../images/animation.ts";
import type { Pixels } from "../images/pixels.ts";
import { figure, type Layer } from "./figure.ts";
import type { Numbers } from "./numbers.ts";
import { dots, logDensity, type OnGrid, plane, type Region, regionAround } from "./plane.ts";
import { rasterize, renderSvg } from "./render.ts";
import { accent } from "./theme.ts";

export interface ParticleFrame {
  /** Points [N,2]. */
  readonly points: Numbers;
  /** What the frame shows, for example its sigma. */
  readonly title: string;
}

export interface ParticleAnimationOptions extends AnimationOptions {
  readonly region?: Region;
  /** Log density under the particles. */
  readonly density?: OnGrid;
  /** Pixels of the animation for each of a figure's. */
  readonly scale?: number;
}

const who = "writeParticleAnimation";

/** Writes the frames to a .webp or .gif, as `writeAnimation` does. Throws when there is no frame or a point is not finite. */
export async function writeParticleAnimation(
  path: string,
  frames: readonly ParticleFrame[],
  options: ParticleAnimationOptions = {},
): Promise<void> {
  const { density, scale = 1 } = options;
  const region = options.region ?? density?.grid ?? regionAround(...frames.map(({ points }) => points));
  const filled = density !== undefined;
  const draw = async (layer: Layer, title: string) => {
    const spec = figure([[plane(region, [layer], { title, filled })]]);
    return rasterize(await renderSvg({ ...spec, background: "transparent" }), scale);
  };
  // The density is drawn once, without a title, and not with every frame.
  const below = density && (await encode(await draw(logDensity(who, density), " ")));
  const drawn: Promise<Pixels>[] = [];
  for (const { points, title } of frames)
    drawn.push(flatten(await draw(dots(who, points, particle), title), below));
  await writeAnimation(path, await Promise.all(drawn), options);
}

const particle = { color: accent, opacity: 0.7 };

const encode = (drawn: Sharp) => drawn.png({ compressionLevel: 0 }).toBuffer();

async function flatten(drawn: Sharp, below: Uint8Array | undefined): Promise<Pixels> {
  const { default: sharp } = await import("sharp");
  const picture = below ? sharp(below).composite([{ input: await encode(drawn) }]) : drawn;
  const opaque = sharp(await encode(picture))
    .flatten({ background: "white" })
    .toColourspace("srgb")
    .raw();
  const { data, info } = await opaque.toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: 3 };
}
