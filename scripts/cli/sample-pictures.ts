// Pictures of samples: a grid of images, or a figure of points; and the process that drew them as an animation.
import { UserError } from "../../lib/errors.ts";
import { writeAnimation } from "../../lib/images/animation.ts";
import { type ImageShape, imageGrid } from "../../lib/images/grid.ts";
import { writePng } from "../../lib/images/png.ts";
import { figure, type Panel } from "../../lib/plots/figure.ts";
import { densityLine } from "../../lib/plots/line-figures.ts";
import { writeParticleAnimation } from "../../lib/plots/particle-animation.ts";
import { particles } from "../../lib/plots/particles.ts";
import { regionAround } from "../../lib/plots/plane.ts";
import { writeFigure } from "../../lib/plots/write-figure.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { classColumns, sampleCount } from "../recipes/sampling-plan.ts";

type Manifest = Artifact["manifest"];

/** All samples at one step of the process. */
export interface Frame {
  readonly x: Float32Array;
  readonly sigma: number;
}

export interface SamplePictures {
  /** How many samples a picture shows at its best. */
  readonly count: number;
  write(path: string, samples: Float32Array): Promise<void>;
  animate(path: string, frames: readonly Frame[]): Promise<void>;
}

/** The pictures that suit the model's data; `columns` of images in a row, by default one for each class. */
export function samplePictures(manifest: Manifest, columns = classColumns(manifest)): SamplePictures {
  return manifest.data.shape.length === 3 ? imagePictures(manifest, columns) : pointPictures(manifest);
}

/** Small images are enlarged to about as many pixels as this squared, larger ones twice. */
const visibleSize = 56;

function imagePictures(manifest: Manifest, columns: number): SamplePictures {
  const { data } = manifest;
  const [channels, height, width] = data.shape as [number, number, number];
  const sheet = (images: Float32Array) => {
    const count = images.length / (channels * height * width);
    const shape: ImageShape = [count, channels, height, width];
    return imageGrid(images, shape, {
      scale: Math.max(2, Math.round(visibleSize / Math.sqrt(height * width))),
      columns: Math.min(count, columns || Math.ceil(Math.sqrt((count * height) / width))),
    });
  };
  return {
    count: sampleCount(manifest, columns),
    write: (path, images) => writePng(path, sheet(images)),
    animate: (path, frames) =>
      // Noise is scaled to be visible.
      writeAnimation(
        path,
        frames.map(({ x, sigma }) => sheet(x.map((value) => value / Math.max(1, sigma)))),
      ),
  };
}

function pointPictures(manifest: Manifest): SamplePictures {
  return {
    count: sampleCount(manifest, 0),
    async write(path, samples) {
      await writeFigure(path, figure([[cloudPanel(inUnits(samples, manifest), manifest)]]));
    },
    async animate(path, frames) {
      requirePlane(manifest);
      const clouds = frames.map(({ x, sigma }) => ({
        points: inUnits(x, manifest),
        title: `σ = ${sigma.toPrecision(3)}`,
      }));
      await writeParticleAnimation(path, clouds, { region: regionAround(clouds.at(-1)!.points) });
    },
  };
}

function requirePlane({ data: { shape } }: Manifest): void {
  if (shape[0] !== 2)
    throw new UserError(`animations show images and points in the plane, these points are [${shape}]`);
}

/** Points on the line as a histogram; in the plane, or as their first two coordinates, as dots. */
function cloudPanel(points: Float32Array, { data: { shape } }: Manifest): Panel {
  const [dimensions] = shape;
  if (dimensions === 1) return densityLine([], { samples: points });
  const plane = points.filter((_, i) => i % dimensions! < 2);
  const title = dimensions === 2 ? "samples" : `the first two of ${dimensions} coordinates`;
  return particles([{ title, points: plane }]);
}

/** Points in the units of the data's source: offset + scale·x per column. */
export function inUnits(samples: Float32Array, { data: { units } }: Manifest): Float32Array {
  if (!units) return samples;
  const columns = units.offset.length;
  return samples.map((x, i) => units.offset[i % columns]! + units.scale[i % columns]! * x);
}
