// Figures on the plane: every mark stands, points and is coloured as its numbers say.

import { expect, test } from "bun:test";
import { energyLandscape } from "../../lib/plots/energy-landscape.ts";
import { type ErrorAt, errorMap } from "../../lib/plots/error-map.ts";
import { fieldComparison } from "../../lib/plots/field-comparison.ts";
import { figure, type Panel } from "../../lib/plots/figure.ts";
import { particles } from "../../lib/plots/particles.ts";
import { type Grid, gridPoints, regionAround } from "../../lib/plots/plane.ts";
import { renderSvg } from "../../lib/plots/render.ts";
import { scoreField } from "../../lib/plots/score-field.ts";
import { trajectories } from "../../lib/plots/trajectories.ts";
import { attribute, luminance, markGroups, numbers, placement, texts } from "../support/svg-marks.ts";

const draw = (panel: Panel) => renderSvg(figure([[panel]]));
const grid: Grid = { x: [-3, 3], y: [-2, 2], columns: 3, rows: 2 };
const SIZE = 420;
const pixelX = (x: number) => ((x + 3) / 6) * SIZE;
const pixelY = (y: number) => ((2 - y) / 6) * SIZE;

test("a grid's points are the centres of its cells, from the lowest left", () => {
  expect([...gridPoints(grid)]).toEqual([-2, -1, 0, -1, 2, -1, -2, 1, 0, 1, 2, 1]);
});

test("a region holds all points with a margin, and one unit is as long on both axes", async () => {
  const { x, y } = regionAround([0, 0, 10, 1], [-5, 3]);
  expect(x[0]).toBeLessThan(-5);
  expect(x[1]).toBeGreaterThan(10);
  expect(x[1] - x[0]).toBeCloseTo(y[1] - y[0], 9);
  expect(regionAround([7, 7])).toEqual({ x: [6.46, 7.54], y: [6.46, 7.54] });
});

test("each vector is one arrow at its point, in its direction, as long as its square root", async () => {
  const vectors = [1, 0, 0, 1, -1, 0, 0, -4, 3, 4, 0, 0];
  const [arrows = []] = markGroups(await draw(scoreField({ grid, values: vectors })), "symbol");
  expect(arrows.length).toBe(6);
  const points = gridPoints(grid);
  const length = (n: number) => {
    const path = numbers(attribute(arrows[n]!, "d"));
    return path[1]! - path[7]!;
  };
  for (const n of [0, 1, 2, 3, 4]) {
    const { x, y, turn } = placement(arrows[n]!);
    expect([x, y]).toEqual([pixelX(points[2 * n]!), pixelY(points[2 * n + 1]!)]);
    // The drawn shape points up; SVG turns it clockwise.
    const [u, v] = [vectors[2 * n]!, vectors[2 * n + 1]!];
    expect(Math.sin((turn * Math.PI) / 180)).toBeCloseTo(u / Math.hypot(u, v), 3);
    expect(Math.cos((turn * Math.PI) / 180)).toBeCloseTo(v / Math.hypot(u, v), 3);
    expect(length(n) / length(0)).toBeCloseTo(Math.hypot(u, v) ** 0.5, 2);
  }
  expect(length(0)).toBeGreaterThan(0);
  expect(length(4)).toBeCloseTo(SIZE / 3, 0);
});

test("the log density below the arrows is darker where it is higher; zero density is white", async () => {
  const density = { grid, values: [0, -1, -2, -7, -100, Number.NEGATIVE_INFINITY] };
  const svg = await draw(scoreField({ grid, values: new Float32Array(12) }, { density, points: [0, 0] }));
  const [cells = []] = markGroups(svg, "rect");
  const shades = cells.map(luminance);
  expect(shades.length).toBe(6);
  expect(shades.slice(0, 4)).toEqual(shades.slice(0, 4).toSorted((a, b) => a - b));
  expect(shades[3]!).toBeLessThan(254);
  expect(shades.slice(4).map(Math.round)).toEqual([255, 255]);
  expect(texts(svg)).toEqual(expect.arrayContaining(["log density", "score", "x₁", "x₂"]));
  expect(numbers(attribute(cells[5]!, "d")).slice(0, 2)).toEqual([280, -0.6]);
});

test("a learned and a true field share one scale of lengths, and one legend", async () => {
  const one = { grid, values: new Float32Array(12).fill(1) };
  const four = { grid, values: new Float32Array(12).fill(4) };
  const svg = await draw(fieldComparison(one, four, { density: { grid, values: new Float32Array(6) } }));
  const heights = markGroups(svg, "symbol").map((group) => numbers(attribute(group[0]!, "d"))[1]!);
  expect(heights[1]! / heights[0]!).toBeCloseTo(2, 2);
  expect(texts(svg).filter((text) => text === "log density").length).toBe(1);
  expect(texts(svg)).toEqual(expect.arrayContaining(["learned score", "true score"]));
});

const errors = (sigma: number, values: number[]): ErrorAt => ({ sigma, error: { grid, values } });

test("error maps share their colours: equal errors look equal, greater ones darker", async () => {
  const svg = await draw(errorMap([errors(2, [0, 1, 2, 3, 4, 5]), errors(0.51234, [5, 4, 3, 2, 1, 0])]));
  const [first = [], second = []] = markGroups(svg, "rect").map((cells) => cells.map(luminance));
  expect(first).toEqual(second.toReversed());
  expect(first).toEqual(first.toSorted((a, b) => b - a));
  expect(new Set(first).size).toBe(6);
  expect(texts(svg)).toEqual(expect.arrayContaining(["σ = 2", "σ = 0.512"]));
  expect(texts(svg).filter((text) => text.startsWith("|s − s*|")).length).toBe(1);
});

test("errors above the limit have its colour, and the legend says so", async () => {
  const svg = await draw(errorMap([errors(1, [0, 1, 2, 3, 4, 50])], { limit: 3 }));
  const shades = markGroups(svg, "rect")[0]!.map(luminance);
  expect([shades[4], shades[5]]).toEqual([shades[3], shades[3]]);
  expect(shades[2]).not.toBe(shades[3]);
  expect(texts(svg)).toContain("clipped at 3");
});

test("logarithmic errors: equal ratios are equal steps of colour", async () => {
  const values = [1, 10, 100, 1000, 10000, 10000];
  const svg = await draw(errorMap([errors(1, values)], { scale: "log" }));
  const shades = markGroups(svg, "rect")[0]!.map(luminance);
  expect(new Set(shades).size).toBe(5);
  expect(() => errorMap([errors(1, [0, 1, 1, 1, 1, 1])], { scale: "log" })).toThrow("got 0; use linear");
});

test("the energy is drawn above its minimum, from viridis' first colour to its last", async () => {
  const svg = await draw(energyLandscape({ grid, values: [-7, -6, -5, 3, 40, 900] }, { depth: 10 }));
  const fills = markGroups(svg, "rect")[0]!.map((cell) => attribute(cell, "fill"));
  expect([fills[0], fills[3]!, fills[4]!, fills[5]!]).toEqual([
    "rgb(68, 1, 84)",
    ...new Array(3).fill("rgb(253, 231, 37)"),
  ]);
  expect(new Set(fills).size).toBe(4);
  expect(texts(svg)).toEqual(expect.arrayContaining(["E − min E", "clipped at 10", "10", "0"]));
});

test("each particle is one line through its positions; its ends are marked", async () => {
  const frames = [
    [-3, -2, 0, 0],
    [0, 0, 1, 1],
    [3, 2, 0, -1],
  ];
  const svg = await draw(trajectories(frames, { region: grid }));
  const lines = markGroups(svg, "line")
    .flat()
    .map((line) => numbers(attribute(line, "d")));
  const path = (n: number) => frames.flatMap((frame) => [pixelX(frame[2 * n]!), pixelY(frame[2 * n + 1]!)]);
  expect(lines).toEqual([path(0), path(1)]);
  const ends = markGroups(svg, "symbol")[0]!.map(placement);
  expect(ends.map(({ x, y }) => [x, y])).toEqual([
    ...[0, 1].map((n) => path(n).slice(0, 2)),
    ...[0, 1].map((n) => path(n).slice(-2)),
  ]);
  expect(texts(svg)).toEqual(expect.arrayContaining(["start", "end"]));
});

test("clouds have a dot per point and one region; points outside are counted", async () => {
  const data = Float32Array.of(0, 0, 1, 1, 2, -1);
  const samples = Float64Array.of(0, 0, 99, 0);
  const svg = await draw(
    particles(
      [
        { title: "data", points: data },
        { title: "samples", points: samples },
      ],
      { region: grid },
    ),
  );
  const [left = [], right = []] = markGroups(svg, "symbol");
  expect([left.length, right.length]).toEqual([3, 2]);
  expect(placement(left[0]!)).toEqual(placement(right[0]!));
  expect(texts(svg)).toEqual(expect.arrayContaining(["data", "3 points", "samples", "2 points, 1 outside"]));
});

const nan = Number.NaN;
const ones = { grid, values: new Float32Array(12).fill(1) };

test.each([
  [
    "a vector that is not finite",
    () => scoreField({ grid, values: [nan, ...new Array(11).fill(0)] }),
    "got NaN at index 0",
  ],
  [
    "too few vectors",
    () => scoreField({ grid, values: [1, 2] }),
    "expected 12 coordinates of vectors, got 2",
  ],
  [
    "a density of NaN",
    () => scoreField(ones, { density: { grid, values: [0, 0, 0, 0, 0, nan] } }),
    "NaN at index 5",
  ],
  [
    "an infinite density",
    () => scoreField(ones, { density: { grid, values: new Array(6).fill(Infinity) } }),
    "Infinity",
  ],
  ["no points", () => particles([{ title: "x", points: [] }]), "got none"],
  [
    "a point with an odd coordinate",
    () => particles([{ title: "x", points: [1, 2, 3] }]),
    "points [N,2], got 3 numbers",
  ],
  ["no clouds", () => particles([]), "got none"],
  ["no errors", () => errorMap([]), "at least one of errors, got none"],
  ["a negative error", () => errorMap([errors(1, [0, 0, 0, 0, 0, -1])]), "0 or more, got -1"],
  ["one frame", () => trajectories([[0, 0]]), "at least 2 frames, got 1"],
  [
    "unequal frames",
    () =>
      trajectories([
        [0, 0],
        [0, 0, 1, 1],
      ]),
    "expected 1 points in frame 1, got 2",
  ],
  [
    "a diverged particle",
    () =>
      trajectories([
        [0, 0],
        [Infinity, 0],
      ]),
    "got Infinity at index 0",
  ],
  ["an energy of NaN", () => energyLandscape({ grid, values: [0, 0, nan, 0, 0, 0] }), "got NaN at index 2"],
  ["no panels", () => figure([[]]), "at least one panel"],
])("%s is refused", (_, make, message) => {
  expect(make as () => unknown).toThrow(message as string);
});
