// Figures with one axis of numbers: losses, densities and scores over the line, methods compared.

import { expect, test } from "bun:test";
import { errorCurves } from "../../lib/plots/error-curves.ts";
import { figure, type Panel } from "../../lib/plots/figure.ts";
import { densityLine, scoreLine } from "../../lib/plots/line-figures.ts";
import { lossCurves } from "../../lib/plots/loss-curves.ts";
import { methodDots } from "../../lib/plots/method-dots.ts";
import { pictureTable } from "../../lib/plots/picture-table.ts";
import { renderSvg } from "../../lib/plots/render.ts";
import { attribute, markGroups, numbers, placement, texts } from "../support/svg-marks.ts";

const draw = (panel: Panel) => renderSvg(figure([[panel]]));
const steps = Array.from({ length: 300 }, (_, i) => i);
const linePoints = (line: string) => {
  const all = numbers(attribute(line, "d"));
  return Array.from({ length: all.length / 2 }, (_, i) => [all[2 * i]!, all[2 * i + 1]!] as const);
};

test("each series is a faint line of its losses and a smoothed one; the legend names the series", async () => {
  const noisy = (level: number) => steps.map((i) => level + (i % 2 ? 0.1 : -0.1));
  const svg = await draw(
    lossCurves([
      { name: "sliced", steps, losses: noisy(-1) },
      { name: "implicit", steps, losses: noisy(-2) },
    ]),
  );
  const lines = markGroups(svg, "line").flat();
  expect(lines.length).toBe(4);
  const [raw = "", , smooth = ""] = [lines[1], lines[2], lines[3]];
  const height = (line: string) => {
    const ys = linePoints(line)
      .slice(100)
      .map(([, y]) => y);
    return Math.max(...ys) - Math.min(...ys);
  };
  expect(height(smooth)).toBeLessThan(height(raw) / 5);
  // The mean of the faint line is where the smoothed one ends.
  const ys = linePoints(raw).map(([, y]) => y);
  const mean = ys.reduce((a, b) => a + b) / ys.length;
  expect(Math.abs(linePoints(smooth).at(-1)![1] - mean)).toBeLessThan(height(raw) / 10);
  expect(texts(svg)).toEqual(expect.arrayContaining(["sliced", "implicit", "step", "loss"]));
});

test("losses over decades stand on a logarithmic axis with round labels, others on a linear one", async () => {
  const decades = steps.map((i) => 10 ** (1 - i / 100));
  const svg = await draw(lossCurves([{ name: "a", steps, losses: decades }]));
  expect(texts(svg)).toEqual(expect.arrayContaining(["10", "1", "0.1", "0.01"]));
  const points = linePoints(markGroups(svg, "line")[0]![0]!);
  const slopes = [1, 150, 298].map((i) => points[i]![1] - points[i - 1]![1]);
  for (const slope of slopes) expect(slope).toBeCloseTo(slopes[0]!, 1);
  const short = await draw(
    lossCurves([{ name: "a", steps, losses: steps.map((i) => 0.02 + i / 5000) }], { scale: "log" }),
  );
  expect(texts(short)).toEqual(expect.arrayContaining(["0.02", "0.05"]));
  const linear = await draw(lossCurves([{ name: "a", steps, losses: steps.map((i) => 1 + i / 300) }]));
  expect(texts(linear)).toEqual(expect.arrayContaining(["1.0", "1.2", "2.0"]));
});

test("of a long series no more points are drawn than can be seen", async () => {
  const long = Array.from({ length: 40_000 }, (_, i) => i);
  const svg = await draw(lossCurves([{ name: "a", steps: long, losses: long.map((i) => Math.sin(i)) }]));
  const drawn = markGroups(svg, "line")
    .flat()
    .map((line) => linePoints(line).length);
  for (const count of drawn) expect(count).toBeWithin(1000, 1501);
});

test("methods stand in the order given, at their values; the truth is a line through all", async () => {
  const svg = await draw(
    methodDots(
      [
        { method: "Langevin", group: "right", value: 0.5 },
        { method: "annealed", group: "right", value: 0.8 },
        { method: "annealed", group: "left", value: 0.2 },
      ],
      { quantity: "mode weight", truth: [{ group: "right", value: 0.8 }] },
    ),
  );
  const dots = markGroups(svg, "symbol")[0]!;
  const [a, b, c] = dots.map(placement);
  expect(a!.y).toBeLessThan(b!.y);
  expect(b!.y).toBe(c!.y);
  expect((b!.x - a!.x) / (a!.x - c!.x)).toBeCloseTo(1, 2);
  const [rule] = markGroups(svg, "rule").flat();
  expect(placement(rule!).x).toBeCloseTo(b!.x, 1);
  const [right, , left] = dots.map((dot) => attribute(dot, "fill"));
  expect(attribute(rule!, "stroke")).toBe(right!);
  expect(left).not.toBe(right!);
  expect(texts(svg)).toEqual(
    expect.arrayContaining(["Langevin", "annealed", "right", "left", "mode weight"]),
  );
});

test("the histogram has area 1 over all samples, and the curve its density's height", async () => {
  const x = Array.from({ length: 101 }, (_, i) => i / 100);
  const samples = [...Array.from({ length: 900 }, (_, i) => (i + 0.5) / 900), ...new Array(100).fill(5)];
  const uniform = { name: "density", x, values: x.map(() => 0.9) };
  const svg = await draw(densityLine([uniform], { samples, bins: 10 }));
  const bars = markGroups(svg, "rect")[0]!.map((bar) => Math.min(...barYs(bar)));
  const curve = linePoints(markGroups(svg, "line")[0]![0]!)[50]![1];
  expect(bars.length).toBe(10);
  // A tenth of the samples lies beyond: what is seen of the histogram has area 0.9, as the curve has.
  for (const top of bars) expect(Math.abs(top - curve)).toBeLessThan(0.1);
});

// M x,y h width v height: the bar's first and second vertical position.
const barYs = (bar: string) => {
  const [, y = 0, , height = 0] = numbers(attribute(bar, "d"));
  return [y, y + height];
};

test("scores are one line per name over a line at 0", async () => {
  const x = [-1, 0, 1];
  const svg = await draw(
    scoreLine([
      { name: "learned", x, values: [1.1, 0, -1] },
      { name: "true", x, values: [1, 0, -1] },
    ]),
  );
  const lines = markGroups(svg, "line").flat().map(linePoints);
  expect(lines.map((line) => line.length)).toEqual([3, 3]);
  expect(lines[0]![0]![1]).toBeLessThan(lines[1]![0]![1]);
  expect(placement(markGroups(svg, "rule").flat()[0]!).y).toBeCloseTo(lines[0]![1]![1], 1);
});

const nan = Number.NaN;
test.each([
  ["a loss of NaN", () => lossCurves([{ name: "a", steps: [1, 2], losses: [1, nan] }]), "got NaN at index 1"],
  ["no losses", () => lossCurves([]), "got none"],
  [
    "steps without losses",
    () => lossCurves([{ name: "a", steps: [1, 2], losses: [1] }]),
    "expected 2 losses of a, got 1",
  ],
  [
    "negative losses on a logarithmic axis",
    () => lossCurves([{ name: "a", steps: [1], losses: [-1] }], { scale: "log" }),
    "got -1; use linear",
  ],
  ["no methods", () => methodDots([], { quantity: "q" }), "got none"],
  [
    "an error of 0 on a logarithmic axis",
    () => methodDots([{ method: "m", group: "g", value: 0 }], { quantity: "q", scale: "log" }),
    "use linear",
  ],
  [
    "an infinite sample",
    () => densityLine([{ name: "a", x: [0, 1], values: [1, 1] }], { samples: [Infinity] }),
    "got Infinity",
  ],
  [
    "a score without positions",
    () => scoreLine([{ name: "a", x: [0], values: [1, 2] }]),
    "expected 1 values of a, got 2",
  ],
])("%s is refused", (_, make, message) => {
  expect(make as () => unknown).toThrow(message as string);
});

test("one value alone has a logarithmic axis too", async () => {
  const panel = methodDots([{ method: "a", group: "g", value: 0.02 }], { quantity: "error", scale: "log" });
  expect(await renderSvg(figure([[panel]]))).toContain("0.02");
});

test("a table of pictures has each in its row and column", async () => {
  const png = new Uint8Array([137, 80, 78, 71]);
  const cell = (row: string, column: string) => ({ row, column, png });
  const cells = [cell("ddpm", "heun"), cell("ddpm", "euler"), cell("edm", "heun")];
  const svg = await renderSvg(figure([[pictureTable(cells, { width: 40, height: 20 })]]));
  expect(svg.match(/<image /g)).toHaveLength(3);
  expect(svg).toContain("data:image/png;base64,iVBORw==");
  for (const name of ["ddpm", "edm", "heun", "euler"]) expect(svg).toContain(`>${name}<`);
  expect(() => pictureTable([], { width: 1, height: 1 })).toThrow("at least one picture");
});

test("error curves have a line for each method and a dashed floor", async () => {
  const points = [10, 100].flatMap((cost) => [
    { method: "euler", cost, error: 1 / cost },
    { method: "heun", cost, error: 1 / cost ** 2 },
  ]);
  const titles = { xTitle: "evaluations", yTitle: "error" };
  const svg = await renderSvg(figure([[errorCurves(points, { ...titles, floor: 0.005 })]]));
  for (const word of ["euler", "heun", "evaluations", "error", "stroke-dasharray"])
    expect(svg).toContain(word);
  expect(() => errorCurves([{ method: "m", cost: 0, error: 1 }], titles)).toThrow("above 0");
});
