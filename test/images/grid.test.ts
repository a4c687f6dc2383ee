// Grids of images: gutters, order, enlargement, channels.

import { expect, test } from "bun:test";
import { imageGrid, singleImage } from "../../lib/images/grid.ts";
import { byteToUnit, type Pixels } from "../../lib/images/pixels.ts";

const bytes = (...values: number[]): Float32Array => Float32Array.from(values, byteToUnit);
const rows = ({ data, width, channels }: Pixels): number[][] =>
  Array.from({ length: data.length / (width * channels) }, (_, y) => [
    ...data.subarray(y * width * channels, (y + 1) * width * channels),
  ]);

test("gutters are even on all sides and an empty place is background", () => {
  const grid = imageGrid(bytes(10, 20, 30), [3, 1, 1, 1], { columns: 2, gutter: 1, background: 7 });
  expect(rows(grid)).toEqual([
    [7, 7, 7, 7, 7],
    [7, 10, 7, 20, 7],
    [7, 7, 7, 7, 7],
    [7, 30, 7, 7, 7],
    [7, 7, 7, 7, 7],
  ]);
});

test("height and width are independent, and scale repeats pixels", () => {
  const grid = imageGrid(bytes(1, 2, 3, 4, 5, 6), [1, 1, 2, 3], { gutter: 0, scale: 2 });
  expect(rows(grid)).toEqual([
    [1, 1, 2, 2, 3, 3],
    [1, 1, 2, 2, 3, 3],
    [4, 4, 5, 5, 6, 6],
    [4, 4, 5, 5, 6, 6],
  ]);
});

test("three channels are interleaved; two get a black third, a fourth is left out", () => {
  const shown = (depth: number, ...values: number[]): number[] => [
    ...singleImage(bytes(...values), [1, depth, 1, 2], 0).data,
  ];
  expect(shown(3, 1, 2, 3, 4, 5, 6)).toEqual([1, 3, 5, 2, 4, 6]);
  expect(shown(2, 1, 2, 3, 4)).toEqual([1, 3, 0, 2, 4, 0]);
  expect(shown(4, 1, 2, 3, 4, 5, 6, 7, 8)).toEqual([1, 3, 5, 2, 4, 6]);
});

test("the grid is as square as it can be", () => {
  const { width, height } = imageGrid(new Float32Array(7), [7, 1, 1, 1], { gutter: 0 });
  expect([width, height]).toEqual([3, 3]);
});

test.each([
  ["too few values", new Float32Array(3), [1, 1, 2, 2], {}],
  ["no images", new Float32Array(0), [0, 1, 2, 2], {}],
  ["half a pixel", new Float32Array(4), [1, 1, 2, 2], { scale: 1.5 }],
  ["no columns", new Float32Array(4), [1, 1, 2, 2], { columns: 0 }],
] as const)("refuses %s", (_, images, shape, options) => {
  expect(() => imageGrid(images, shape, options)).toThrow("imageGrid:");
});
