// Built-in data in colour: a shape of random kind, pose and colour on a gradient, 32x32 RGB; endless.

import { type RandomStream, stream } from "../random.ts";
import type { ImageDataset } from "./dataset.ts";
import { type Polygon, renderFigures } from "./rasterise.ts";

const SIZE = 32;
const AREA = SIZE * SIZE;

type Colour = readonly [red: number, green: number, blue: number];

// Each kind as polygons of circumradius 1 around the origin, in the order of their labels.
const kinds: Record<string, readonly Polygon[]> = {
  disc: [regular(32)],
  ring: [regular(32), reversed(regular(32, 0.55))],
  triangle: [regular(3)],
  square: [regular(4)],
  cross: [bar(0.95, 0.33), bar(0.33, 0.95)],
  star: [star(5, 0.42)],
};

function regular(corners: number, radius = 1): Polygon {
  return Array.from({ length: corners }, (_, k) => polar(radius, k / corners)).flat();
}

function star(points: number, inner: number): Polygon {
  return Array.from({ length: 2 * points }, (_, k) =>
    polar(k % 2 === 0 ? 1 : inner, k / (2 * points)),
  ).flat();
}

function bar(x: number, y: number): Polygon {
  return [x, y, -x, y, -x, -y, x, -y];
}

// A polygon wound the other way cuts a hole.
function reversed(polygon: Polygon): Polygon {
  return polygon.map((_, i) => polygon[polygon.length - 2 - i + 2 * (i % 2)]!);
}

function polar(radius: number, turn: number): [number, number] {
  return [radius * Math.sin(2 * Math.PI * turn), -radius * Math.cos(2 * Math.PI * turn)];
}

interface Picture {
  readonly label: number;
  readonly figure: readonly Polygon[];
  readonly fill: Colour;
  readonly ground: readonly [Colour, Colour];
  readonly turn: number;
}

/** Coloured shapes as [3,32,32], labelled by kind; sample `index` is a function of (seed, index) alone. */
export function shapes(seed: number): ImageDataset {
  return {
    name: "shapes",
    shape: [3, SIZE, SIZE],
    size: Number.POSITIVE_INFINITY,
    classes: Object.keys(kinds).length,
    async read(indices, images, labels) {
      const pictures = indices.map((index) => drawPicture(stream(seed, "shapes", index)));
      labels?.set(pictures.map(({ label }) => label));
      const figures = pictures.map(({ figure }) => figure);
      const coverage = renderFigures(figures, SIZE, SIZE);
      pictures.forEach((picture, i) => {
        const mask = coverage.subarray(i * AREA, (i + 1) * AREA);
        paint(picture, mask, images.subarray(i * 3 * AREA, (i + 1) * 3 * AREA));
      });
    },
  };
}

function drawPicture(random: RandomStream): Picture {
  const figures = Object.values(kinds);
  const label = random.integer(figures.length);
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  const radius = between(6.5, 12);
  const room = SIZE / 2 - 1 - radius;
  const [x, y] = [SIZE / 2 + between(-room, room), SIZE / 2 + between(-room, room)];
  const angle = between(-0.45, 0.45);
  const hue = random.uniform();
  // The ground's hue stays away from the shape's, and it is darker, so that the shape can be told from it.
  const groundHue = hue + between(0.25, 0.75);
  return {
    label,
    figure: figures[label]!.map((polygon) => posed(polygon, x, y, radius, angle)),
    fill: hsv(hue, between(0.55, 1), between(0.8, 1)),
    ground: [
      hsv(groundHue, between(0.3, 0.9), between(0.1, 0.35)),
      hsv(groundHue + between(-0.08, 0.08), between(0.3, 0.9), between(0.35, 0.65)),
    ],
    turn: random.uniform(),
  };
}

function posed(polygon: Polygon, x: number, y: number, radius: number, angle: number): Polygon {
  const [cos, sin] = [radius * Math.cos(angle), radius * Math.sin(angle)];
  return polygon.map((value, i) =>
    i % 2 === 0 ? x + value * cos - polygon[i + 1]! * sin : y + polygon[i - 1]! * sin + value * cos,
  );
}

/** Hue (any number, 1 is a full turn), saturation and value in 0..1 to red, green and blue in 0..1 (Smith 1978). */
function hsv(hue: number, saturation: number, value: number): Colour {
  const channel = (offset: number): number => {
    const k = (((hue * 6 + offset) % 6) + 6) % 6;
    return value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1));
  };
  return [channel(5), channel(3), channel(1)];
}

// Writes the shape over its gradient, [3,32,32] in [-1,1]; the mask 0..255 says how much of each pixel the shape covers.
function paint({ fill, ground, turn }: Picture, mask: Uint8Array, out: Float32Array): void {
  const [dx, dy] = polar(1 / SIZE, turn);
  for (let p = 0; p < AREA; p++) {
    const along = 0.5 + ((p % SIZE) - SIZE / 2) * dx * 0.7 + (Math.floor(p / SIZE) - SIZE / 2) * dy * 0.7;
    const cover = mask[p]! / 255;
    for (let c = 0; c < 3; c++) {
      const under = ground[0][c]! + along * (ground[1][c]! - ground[0][c]!);
      out[c * AREA + p] = 2 * (under + cover * (fill[c]! - under)) - 1;
    }
  }
}
