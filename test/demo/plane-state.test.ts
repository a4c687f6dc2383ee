// What links to the plane hold: drawn points, and the chapters of the tour.
import { afterEach, expect, test } from "bun:test";
import fc from "fast-check";
import { before, clear, drawTo, lift, stroke, tool, undo } from "../../scripts/demo/plane/drawing.ts";
import { chapters } from "../../scripts/demo/plane/tour/chapters.ts";
import { plane, planeEntries } from "../../scripts/demo/state/plane.ts";
import { decodePoints, drawnRadius, encodePoints, quantised } from "../../scripts/demo/state/plane-points.ts";
import { fromHash, toHash } from "../../scripts/demo/state/url.ts";

const pages = { plane: planeEntries };

afterEach(() => {
  fromHash("#plane", pages);
  before.value = [];
  tool.value = "brush";
});

const coordinate = fc.double({ min: -drawnRadius, max: drawnRadius, noNaN: true });
const points = fc.array(fc.tuple(coordinate, coordinate)).map((pairs) => Float32Array.from(pairs.flat()));

test("points come back from their text to the step, and links keep them", () => {
  fc.assert(
    fc.property(points, (drawn) => {
      const rounded = quantised(drawn);
      expect(decodePoints(encodePoints(drawn))).toEqual(rounded);
      expect(quantised(rounded)).toEqual(rounded);
      // Half of one of the 255 steps over the whole side.
      const furthest = drawn.reduce((most, x, i) => Math.max(most, Math.abs(x - rounded[i]!)), 0);
      expect(furthest).toBeLessThan(drawnRadius / 255 + 1e-6);
    }),
  );
});

test("a text that holds no points is refused", () => {
  for (const text of ["A", "AA", "AAAA", "A A", "ä"]) expect(decodePoints(text)).toBeUndefined();
  expect(decodePoints("AAA")).toEqual(new Float32Array([-drawnRadius, -drawnRadius]));
});

const sorted = (query: string) => [...new URLSearchParams(query)].sort();

test.each(chapters.map(({ title, link }) => [title, link]))(
  'the chapter "%s" sets what it says, and nothing that is so anyway',
  (_, link) => {
    expect(fromHash(`#plane?${link}`, pages)).toBe("plane");
    expect(sorted(toHash("plane", planeEntries).split("?")[1]!)).toEqual(sorted(link));
  },
);

test("formulas are typeset when the page is built", () => {
  for (const { formulas } of chapters) {
    expect(formulas.length).toBeGreaterThan(0);
    for (const mathml of formulas) expect(mathml).toMatch(/<math .*<\/math>/s);
  }
});

test("the brush leaves points along its stroke, the rubber takes those it reaches, and undo goes back", () => {
  drawTo([-1, 0], [1, 0]);
  lift();
  const line = plane.points.value;
  expect(line.length).toBe(2 * 120);
  // Ink spreads by .07 around the stroke: of 120 points none is 6 standard deviations off.
  expect(line.every((x, i) => (i % 2 === 1 ? Math.abs(x) < 0.42 : Math.abs(x) < 1.42))).toBe(true);
  tool.value = "rubber";
  drawTo([0, 0], [0, 0]);
  lift();
  const far = (list: Float32Array) =>
    list.filter((_, i) => Math.hypot(list[i - (i % 2)]!, list[i - (i % 2) + 1]!) > 0.28);
  expect(plane.points.value).toEqual(far(line));
  expect(plane.points.value.length).toBeLessThan(line.length);
  undo();
  expect(plane.points.value).toEqual(line);
  clear();
  expect(plane.points.value.length).toBe(0);
  undo();
  undo();
  expect(plane.points.value.length).toBe(0);
  expect(before.value).toEqual([]);
  expect(stroke.value).toBeUndefined();
});
