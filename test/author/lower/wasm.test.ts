// Graphs for WebAssembly mean what they meant, in float64 and on ONNX Runtime, and have fewer products.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { multiplyAdds } from "../../../lib/author/graph/cost.ts";
import { conv } from "../../../lib/author/graph/ops.ts";
import type { OpType, Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { winogradConv } from "../../../lib/author/lower/winograd.ts";
import { stream } from "../../../lib/random.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import { between } from "../../support/random-shapes.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const count = (outputs: readonly Tensor[], op: OpType) =>
  topological(outputs).filter((node) => node.op === op).length;

const image = (...shape: number[]) => input("x", shape);
const window = (out: number, channels: number, ...kernel: number[]) =>
  input("weight", [out, channels, ...kernel]);

test("transformed tiles give the convolution, whatever the pads and the extents", () => {
  const random = stream(0, "winograd");
  for (let round = 0; round < 40; round++) {
    const pads = [0, 1, 2, 3].map(() => random.integer(3));
    // At least the window's three pixels, pads included.
    const [height, width] = [0, 1].map((i) => Math.max(between(random, 1, 7), 3 - pads[i]! - pads[i + 2]!));
    const [channels, out] = [between(random, 1, 3), between(random, 1, 3)];
    const x = image(between(random, 1, 3), channels, height!, width!);
    const weight = window(out, channels, 3, 3);
    const bias = round % 2 === 0 ? input("bias", [out]) : undefined;
    const plain = conv(x, weight, bias, { padding: pads });
    const feeds = randomFeeds([plain]);
    const [wanted, got] = evaluate([plain, winogradConv(x, weight, bias, pads)], feeds);
    expect(relativeError(got!, wanted!)).toBeLessThan(1e-12);
  }
});

describe("a convolution and its gradients", () => {
  const x = image(2, 32, 3, 4);
  const weight = window(64, 32, 3, 3);
  const y = conv(x, weight, input("bias", [64]), { padding: 1 });
  const outputs = [y, ...gradient(y, [x, weight], input("g", y.shape))];

  test("are the same on ONNX Runtime", async () => {
    const feeds = randomFeeds(outputs);
    const wanted = evaluate(outputs, feeds);
    for (const [i, got] of (await runOnnx(outputs, feeds, "wasm")).entries())
      expect(relativeError(got, wanted[i]!)).toBeLessThan(3e-6);
  });

  test("have fewer products where there are as many pixels as in training", () => {
    const layer = conv(image(16, 64, 14, 14), window(64, 64, 3, 3), undefined, { padding: 1 });
    const [before, after] = [lower([layer]), lower([layer], "wasm")].map(multiplyAdds);
    expect(after!).toBeLessThan(0.65 * before!);
  });

  test("forwards and backwards are no convolutions any more", () => {
    expect(count(lower(outputs), "Conv")).toBe(2);
    expect(count(lower(outputs, "wasm"), "Conv")).toBe(0);
  });
});

test.each([
  ["few channels", conv(image(1, 32, 8, 8), window(32, 32, 3, 3), undefined, { padding: 1 })],
  ["a stride", conv(image(1, 64, 8, 8), window(64, 64, 3, 3), undefined, { padding: 1, stride: 2 })],
  ["dilation", conv(image(1, 64, 8, 8), window(64, 64, 3, 3), undefined, { padding: 2, dilation: 2 })],
  ["groups", conv(image(1, 128, 8, 8), window(64, 64, 3, 3), undefined, { padding: 1, groups: 2 })],
  ["a single tap", conv(image(1, 64, 8, 8), window(64, 64, 1, 1))],
  ["sequences", conv(image(1, 64, 8), window(64, 64, 3), undefined, { padding: 1 })],
])("%s: the convolution stays", (_, y) => {
  expect(lower([y], "wasm")).toEqual(lower([y]));
});
