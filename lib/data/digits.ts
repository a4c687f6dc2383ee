// Built-in data: handwritten-looking digits 0-9, drawn as pen strokes with random pose, slant, width, pressure and jitter; endless.

import { bytesToUnit } from "../images/pixels.ts";
import { type RandomStream, stream } from "../random.ts";
import { type InkPoint, outline, smoothCurve } from "./brush.ts";
import type { ImageDataset } from "./dataset.ts";
import { type Glyph, glyphs } from "./glyphs.ts";
import { type Polygon, renderFigures } from "./rasterise.ts";

const SIZE = 28;
const MARGIN = 1.5;

type Map2 = (x: number, y: number) => [x: number, y: number];

/** Digits as [1,28,28], white on black, labelled 0-9; sample `index` is a function of (seed, index) alone. */
export function digits(seed: number): ImageDataset {
  return {
    name: "digits",
    shape: [1, SIZE, SIZE],
    size: Number.POSITIVE_INFINITY,
    classes: glyphs.length,
    async read(indices, images, labels) {
      const drawn = indices.map((index) => drawDigit(stream(seed, "digits", index)));
      labels?.set(drawn.map(({ label }) => label));
      const figures = drawn.map(({ figure }) => figure);
      bytesToUnit(renderFigures(figures, SIZE, SIZE), images);
    },
  };
}

function drawDigit(random: RandomStream): { label: number; figure: Polygon[] } {
  const label = random.integer(glyphs.length);
  const variants = glyphs[label]!;
  const hand = writing(random);
  const lines = pose(random, jitter(random, variants[random.integer(variants.length)]!), hand);
  return { label, figure: place(random, lines).map(outline) };
}

/** Normal around `mean`, kept within `limit` standard deviations. */
function near(random: RandomStream, mean: number, deviation: number, limit = 2): number {
  return mean + deviation * Math.min(limit, Math.max(-limit, random.normal()));
}

interface Hand {
  readonly height: number;
  readonly aspect: number;
  readonly slant: number;
  readonly rotation: number;
  readonly radius: number;
}

function writing(random: RandomStream): Hand {
  return {
    height: near(random, 18.5, 1.2),
    aspect: Math.exp(near(random, 0.14, 0.18)),
    slant: near(random, 0.12, 0.17),
    rotation: near(random, 0, 0.1),
    radius: Math.exp(near(random, 0.24, 0.22)),
  };
}

// Moves the control points: a smooth bend of the whole figure, and a tremor of each point. Points that strokes share move together.
function jitter(random: RandomStream, glyph: Glyph): Glyph {
  const bends = [bend(random), bend(random)];
  const moved = new Map<string, [number, number]>();
  const move: Map2 = (x, y) => {
    const key = `${x},${y}`;
    const known = moved.get(key);
    if (known) return known;
    const at: [number, number] = [near(random, x, 1.8), near(random, y, 1.8)];
    for (const [dx, dy] of bends.map((field) => field(x, y))) {
      at[0] += dx;
      at[1] += dy;
    }
    moved.set(key, at);
    return at;
  };
  return glyph.map((stroke) => pairs(stroke).flatMap(([x, y]) => move(x, y)));
}

function pairs(points: readonly number[]): [number, number][] {
  return Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i]!, points[2 * i + 1]!]);
}

// A plane sine wave of displacements, about one wavelength across the figure.
function bend(random: RandomStream): Map2 {
  const [dx, dy] = [near(random, 0, 4), near(random, 0, 4)];
  const [fx, fy] = [near(random, 0, 0.06), near(random, 0, 0.05)];
  const phase = 2 * Math.PI * random.uniform();
  return (x, y) => {
    const wave = Math.sin(fx * x + fy * y + phase);
    return [dx * wave, dy * wave];
  };
}

function pose(random: RandomStream, glyph: Glyph, hand: Hand): InkPoint[][] {
  const [cos, sin] = [Math.cos(hand.rotation), Math.sin(hand.rotation)];
  const scale = hand.height / 100;
  const toPixels: Map2 = (x, y) => {
    const v = (y - 50) * scale;
    const u = (x - 30) * scale * hand.aspect - v * hand.slant;
    return [u * cos - v * sin, u * sin + v * cos];
  };
  return glyph.map((stroke) => {
    const curve = smoothCurve(pairs(stroke).flatMap(([x, y]) => toPixels(x, y)));
    return press(random, curve, hand.radius);
  });
}

// Pen pressure: a slow wave along the stroke, and a lighter end where the pen lifts.
function press(random: RandomStream, curve: readonly [number, number][], radius: number): InkPoint[] {
  const depth = near(random, 0, 0.13);
  const phase = 2 * Math.PI * random.uniform();
  const lift = 0.35 * random.uniform();
  return curve.map(([x, y], i) => {
    const t = i / (curve.length - 1);
    const pressure = 1 + depth * Math.sin(5 * t + phase) - lift * t ** 6;
    return { x, y, radius: radius * pressure };
  });
}

// Centres the ink with a small random shift; ink that would leave the cell is shrunk and pushed back inside.
function place(random: RandomStream, lines: readonly InkPoint[][]): InkPoint[][] {
  const points = lines.flat();
  const spread = (axis: "x" | "y") => {
    const low = Math.min(...points.map((point) => point[axis] - point.radius));
    const high = Math.max(...points.map((point) => point[axis] + point.radius));
    return { middle: (low + high) / 2, extent: high - low };
  };
  const [x, y] = [spread("x"), spread("y")];
  const room = SIZE - 2 * MARGIN;
  const scale = Math.min(1, room / Math.max(x.extent, y.extent));
  const centre = (extent: number): number => {
    const slack = (room - extent * scale) / 2;
    return SIZE / 2 + Math.min(slack, Math.max(-slack, near(random, 0, 0.9)));
  };
  const [cx, cy] = [centre(x.extent), centre(y.extent)];
  return lines.map((line) =>
    line.map((point) => ({
      x: cx + (point.x - x.middle) * scale,
      y: cy + (point.y - y.middle) * scale,
      radius: point.radius * scale,
    })),
  );
}
