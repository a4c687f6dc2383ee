// Coverage of polygons: areas, holes, unions and clipping against arithmetic, and the same pictures by librsvg.
import { describe, expect, test } from "bun:test";
import sharp from "sharp";
import { type Polygon, renderFigures } from "../../lib/data/rasterise.ts";
import { stream } from "../../lib/random.ts";

const draw = (...figure: Polygon[]): Uint8Array => renderFigures([figure], 12, 10);
const area = (coverage: Uint8Array): number => coverage.reduce((sum, value) => sum + value, 0) / 255;
const rectangle = (x0: number, y0: number, x1: number, y1: number): Polygon => [
  x0,
  y0,
  x1,
  y0,
  x1,
  y1,
  x0,
  y1,
];
const reversed = (polygon: Polygon): Polygon => pairs(polygon).reverse().flat();
const pairs = (polygon: Polygon) =>
  Array.from({ length: polygon.length / 2 }, (_, i) => [polygon[2 * i]!, polygon[2 * i + 1]!] as const);

/** The shoelace formula. */
function polygonArea(polygon: Polygon): number {
  const corners = pairs(polygon);
  const twice = corners.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = corners[(i + 1) % corners.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

test("a rectangle between pixels covers each by the product of its sides", () => {
  const coverage = draw(rectangle(2.25, 3.5, 5.75, 6.125));
  const across = [0, 0, 0.75, 1, 1, 0.75, 0, 0, 0, 0];
  const down = [0, 0, 0, 0.5, 1, 1, 0.125, 0, 0, 0, 0, 0];
  const expected = down.flatMap((dy) => across.map((dx) => Math.round(255 * dx * dy)));
  expect([...coverage]).toEqual(expected);
});

test("triangles have their area, whichever way they are wound and wherever they lie", () => {
  const random = stream(1, "triangles", 0);
  const onGrid = (room: number) => (1 + random.integer((room - 2) * 64)) / 64;
  for (let n = 0; n < 200; n++) {
    const triangle = [0, 1, 2].flatMap(() => [onGrid(10), onGrid(12)]);
    const coverage = draw(triangle);
    // A line stands for the 1/16 pixel around it, which the ends of slanting edges do not fill evenly.
    expect(Math.abs(area(coverage) - polygonArea(triangle))).toBeLessThan(0.12);
    expect(draw(reversed(triangle))).toEqual(coverage);
  }
});

describe("winding", () => {
  const outer = rectangle(1, 1, 9, 11);
  const inner = rectangle(3, 4, 6, 8);

  test("a polygon wound the other way cuts a hole, one wound alike does not", () => {
    expect(area(draw(outer, reversed(inner)))).toBeCloseTo(80 - 12, 9);
    expect(draw(outer, inner)).toEqual(draw(outer));
  });

  test("polygons that overlap cover their union, in any order", () => {
    const [a, b] = [rectangle(1, 2, 6, 7), rectangle(4, 5, 9, 11)];
    expect(area(draw(a, b))).toBeCloseTo(25 + 30 - 4, 9);
    expect(draw(b, a)).toEqual(draw(a, b));
  });

  test("polygons that share an edge leave no seam", () => {
    const parts = [
      [1, 1, 9, 1, 4.3, 11],
      [1, 1, 4.3, 11, 1, 11],
    ];
    expect(draw(...parts)).toEqual(draw([1, 1, 9, 1, 4.3, 11, 1, 11]));
  });
});

test("what lies outside is cut off, and neighbours stay clean", () => {
  const wide = rectangle(-3, -2, 4, 20);
  const coverage = renderFigures([[wide], [], [rectangle(0, 0, 10, 12)]], 12, 10);
  const expected = [4, 0, 10].flatMap((filled) =>
    Array.from({ length: 120 }, (_, p) => (p % 10 < filled ? 255 : 0)),
  );
  expect([...coverage]).toEqual(expected);
});

test("corners that differ in the last bits draw the same picture", () => {
  const star = Array.from({ length: 9 }, (_, k) => [
    5 + 4 * Math.sin(4 * k * ((2 * Math.PI) / 9)),
    6 - 4 * Math.cos(4 * k * ((2 * Math.PI) / 9)),
  ]).flat();
  const nudged = star.map((value) => value * (1 + Number.EPSILON));
  expect(nudged).not.toEqual(star);
  expect(draw(nudged)).toEqual(draw(star));
});

test("librsvg draws the same figures, but for the grid that it counts coverage on", async () => {
  const random = stream(2, "figures", 0);
  const [size, count] = [28, 20];
  const blob = (): Polygon => {
    const [x, y] = [9 + 10 * random.uniform(), 9 + 10 * random.uniform()];
    return Array.from({ length: 12 }, (_, k) => {
      const radius = 2 + 6 * random.uniform();
      const angle = (2 * Math.PI * k) / 12;
      return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)].map((v) => Math.round(v * 64) / 64);
    }).flat();
  };
  const figures = Array.from({ length: count }, () => [blob(), blob(), reversed(blob())]);
  const ours = renderFigures(figures, size, size);
  for (const [i, figure] of figures.entries()) {
    const path = figure.map((polygon) => `M${polygon.join(" ")}Z`).join("");
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><path d="${path}"/></svg>`;
    const theirs = await sharp(Buffer.from(svg)).extractChannel(3).raw().toBuffer();
    const differences = theirs.map((value, p) => Math.abs(value - ours[i * size * size + p]!));
    expect(differences.reduce((sum, each) => sum + each, 0) / (size * size)).toBeLessThan(0.3);
    expect(Math.max(...differences)).toBeLessThan(24);
  }
});
