// Attention of large images is computed for some at a time: the same results, in little memory.
import { describe, expect, test } from "bun:test";
import { sizeOf } from "../../../lib/artifact/shape.ts";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { lifetimes } from "../../../lib/author/graph/execution.ts";
import { add, matmul, mul, softmax, sum, transpose } from "../../../lib/author/graph/ops.ts";
import type { Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { attentionInParts } from "../../../lib/author/lower/attention-parts.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { simplify } from "../../../lib/author/lower/simplify.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const turned = (x: Tensor) => transpose(x, [0, 1, 3, 2]);
const attend = (q: Tensor, k: Tensor, v: Tensor) => turned(matmul(softmax(matmul(turned(q), k)), turned(v)));

/** Attention and the gradients of a function of it that is not linear. */
function attention(shape: Shape): Tensor[] {
  const leaves = ["q", "k", "v"].map((name) => input(name, shape)) as [Tensor, Tensor, Tensor];
  const y = attend(...leaves);
  return [y, ...gradient(sum(mul(y, mul(y, input("g", y.shape)))), leaves)];
}

/** Of how many images each tensor of weights is. */
const weightsOf = (outputs: readonly Tensor[]) =>
  topological(outputs)
    .filter(({ op }) => op === "Softmax")
    .map(({ shape }) => shape[0]!);

describe("the weights of six images", () => {
  const shape = [6, 2, 3, 40] as const;
  const ofTwo = 2 * 2 * 40 * 40;
  const outputs = simplify(attention(shape));
  const parts = attentionInParts(outputs, ofTwo);

  test("are those of two at a time, forwards and once more backwards", () => {
    expect(weightsOf(outputs)).toEqual([6]);
    expect(weightsOf(parts)).toEqual([2, 2, 2, 2, 2, 2]);
  });

  test("are never all there: two images' weights, their cotangent and the product of both", () => {
    const lives = lifetimes(parts, { knowsShapes: false }).filter(({ bytes }) => bytes >= 4 * ofTwo);
    const held = lives.map(({ from }) => lives.filter((other) => other.from <= from && from <= other.to));
    expect(Math.max(...held.map(({ length }) => length))).toBe(3);
    expect(lives.every(({ bytes }) => bytes === 4 * ofTwo)).toBe(true);
    expect(sizeOf(shape)).toBeLessThan(ofTwo);
  });

  test("give the same in float64 and on ONNX Runtime", async () => {
    const feeds = randomFeeds(outputs);
    const wanted = evaluate(outputs, feeds);
    const exact = evaluate(parts, feeds);
    for (const [i, got] of (await runOnnx(parts, feeds)).entries()) {
      expect(relativeError(exact[i]!, wanted[i]!)).toBeLessThan(1e-12);
      expect(relativeError(got, wanted[i]!)).toBeLessThan(2e-6);
    }
  });
});

test("as many images as fit and divide the batch are computed together, one at least", () => {
  const partsOf = (images: number, most: number) =>
    weightsOf(attentionInParts(simplify(attention([images, 1, 2, 10])), most));
  expect(partsOf(9, 400)).toEqual(Array(6).fill(3));
  expect(partsOf(5, 400)).toEqual(Array(10).fill(1));
  expect(partsOf(2, 50)).toEqual(Array(4).fill(1));
});

test("small weights, weights that somebody wants, and scores that are more than a product stay as they are", () => {
  const [q, k, v] = ["q", "k", "v"].map((name) => input(name, [4, 2, 3, 10])) as [Tensor, Tensor, Tensor];
  const scores = matmul(turned(q), k);
  const weights = softmax(scores);
  const cases = [
    [[attend(q, k, v)], 800],
    [[weights, matmul(weights, turned(v))], 100],
    [[matmul(softmax(add(scores, input("bias", scores.shape))), turned(v))], 100],
  ] as const;
  for (const [outputs, most] of cases) expect(attentionInParts(outputs, most)).toEqual([...outputs]);
});

test("for the blocked kernels it is done where the weights of all images outgrow a cache", () => {
  const y = [attend(input("q", [4, 2, 3, 400]), input("k", [4, 2, 3, 400]), input("v", [4, 2, 3, 400]))];
  expect(weightsOf(lower(y, "cpu-nchwc16"))).toEqual([2, 2]);
  expect(weightsOf(lower(y))).toEqual([4]);
});
