// Convolutions and their gradients as products of transformed tiles mean what they meant, and are taken where they pay.
import { expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { constant, input } from "../../../lib/author/graph/constant.ts";
import { conv, matmul, mul, reshape } from "../../../lib/author/graph/ops.ts";
import type { ConvAttrs, OpType, Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { fromBlocked, toBlocked } from "../../../lib/author/lower/blocked/reorder.ts";
import {
  convInTiles,
  paysInTiles,
  transposedInTiles,
  weightGradInTiles,
} from "../../../lib/author/lower/blocked/tiles.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { tileProducts } from "../../../lib/author/lower/tile-products.ts";
import { stream } from "../../../lib/random.ts";
import { openDevice } from "../../../lib/run/device.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import { between } from "../../support/random-shapes.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const { lowering } = await openDevice(ort, "cpu");

/** The matrices are float32. */
const rounding = 2e-6;

const count = (outputs: readonly Tensor[], op: OpType) =>
  topological(outputs).filter((node) => node.op === op).length;

const attrsOf = (pads: readonly number[]): ConvAttrs => ({
  strides: [1, 1],
  pads,
  dilations: [1, 1],
  group: 1,
});

/** A convolution with a bias, and its gradients in everything. */
function convolved(x: Shape, weight: Shape, padding: number[]): Tensor[] {
  const leaves = [input("x", x), input("weight", weight), input("bias", [weight[0]!])] as const;
  const y = conv(...leaves, { padding });
  return [y, ...gradient(y, leaves, input("g", y.shape))];
}

test("values at points multiply like polynomials, exactly where the matrices are", () => {
  for (const [points, tolerance] of [
    [[0, 1, -1], 1e-15],
    [[0, 0.75, -0.75, 1.5, -1.5], rounding],
    [[0, 1, -1, 2], rounding],
  ] as const) {
    const { stride, side, forInput, forWeight, forOutput } = tileProducts(points);
    const tile = input("tile", [1, 1, side, side]);
    const weight = input("weight", [1, 1, 3, 3]);
    const values = mul(
      matmul(forInput, reshape(tile, [side ** 2, 1])),
      matmul(forWeight, reshape(weight, [9, 1])),
    );
    const outputs = [reshape(matmul(forOutput, values), [1, 1, stride, stride]), conv(tile, weight)];
    const [got, wanted] = evaluate(outputs, randomFeeds(outputs));
    expect(relativeError(got!, wanted!)).toBeLessThan(tolerance);
  }
});

test("tiles give a convolution and its gradients, whatever the pads and the extents", () => {
  const random = stream(0, "tiles");
  const block = 8;
  for (let round = 0; round < 12; round++) {
    const pads = [0, 1, 2, 3].map(() => random.integer(3));
    const [height, width] = [0, 1].map((i) => Math.max(between(random, 1, 10), 3 - pads[i]! - pads[i + 2]!));
    const [channels, out] = [8 * between(random, 1, 2), 8 * between(random, 1, 2)];
    const attrs = attrsOf(pads);
    const x = input("x", [between(random, 1, 3), channels, height!, width!]);
    const weight = input("weight", [out, channels, 3, 3]);
    const plain = conv(x, weight, undefined, { padding: pads });
    const g = input("g", plain.shape);
    const [inX, inWeight] = gradient(plain, [x, weight], g) as [Tensor, Tensor];
    const tiled = [
      fromBlocked(convInTiles(toBlocked(x, block), weight, attrs, plain.shape, block), block),
      fromBlocked(transposedInTiles(toBlocked(g, block), weight, attrs, x.shape, block), block),
      weightGradInTiles(toBlocked(x, block), toBlocked(g, block), attrs, block),
    ];
    const feeds = randomFeeds([plain, inX, inWeight]);
    const wanted = evaluate([plain, inX, inWeight], feeds);
    for (const [i, got] of evaluate(tiled, feeds).entries())
      expect(relativeError(got, wanted[i]!)).toBeLessThan(rounding);
  }
});

for (const [name, x, weight, padding] of [
  ["many channels", [16, 128, 8, 8], [128, 128, 3, 3], [1, 1, 1, 1]],
  ["images that tiles hang over, uneven pads", [16, 256, 7, 8], [128, 256, 3, 3], [2, 1, 1, 1]],
  ["more tiles than are kept for the backward pass", [128, 128, 8, 12], [128, 128, 3, 3], [1, 1, 1, 1]],
] as const)
  test(`ONNX Runtime computes the same, and convolves no more than to add a bias: ${name}`, async () => {
    const outputs = convolved(x, weight, [...padding]);
    expect(count(lower(outputs, "cpu-nchwc16"), "BlockedConv")).toBe(1);
    const feeds = randomFeeds(outputs);
    const wanted = await runOnnx(outputs, feeds);
    for (const [i, got] of (await runOnnx(outputs, feeds, lowering)).entries())
      expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-5);
  });

test("large tiles are made again for the gradient, after it and whatever it holds; small ones are kept", () => {
  const block = 8;
  const attrs = attrsOf([1, 1, 1, 1]);
  const weight = input("weight", [8, 8, 3, 3]);
  for (const [images, times] of [
    [64, 1],
    [1200, 2],
  ] as const) {
    const x = input("x", [images, 8, 8, 8]);
    const g = constant(new Float32Array(images * 8 * 8 * 8).fill(Number.NaN), x.shape);
    const forwards = convInTiles(x, weight, attrs, g.shape, block);
    const outputs = [forwards, weightGradInTiles(x, g, attrs, block)];
    expect(count(outputs, "Concat")).toBe(times);
    const zeros = topological(outputs).filter(({ op }) => op === "Cast");
    expect(evaluate(zeros, {}).map((row) => [...row])).toEqual(Array(times - 1).fill(Array(block).fill(0)));
  }
});

test("few channels, few tiles, and what is no plain 3×3 window are convolved", () => {
  const plain = attrsOf([1, 1, 1, 1]);
  const [many, few] = [
    [128, 128, 3, 3],
    [32, 32, 3, 3],
  ];
  const images = [64, 128, 8, 8];
  expect(paysInTiles(many!, plain, images)).toBe(true);
  expect(paysInTiles(few!, plain, images)).toBe(false);
  expect(paysInTiles(many!, plain, [2, 128, 8, 8])).toBe(false);
  expect(paysInTiles(many!, plain, [64, 128, 5, 5])).toBe(false);
  expect(paysInTiles([128, 128, 1, 1], plain, images)).toBe(false);
  for (const other of [{ strides: [2, 2] }, { dilations: [2, 1] }, { group: 2 }])
    expect(paysInTiles(many!, { ...plain, ...other }, images)).toBe(false);
});
