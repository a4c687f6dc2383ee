// Multiply-adds counted by hand: operators, their gradients, and a U-Net's training step.
import { expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { multiplyAdds } from "../../../lib/author/graph/cost.ts";
import { add, conv, matmul, mul, sum } from "../../../lib/author/graph/ops.ts";
import { lower } from "../../../lib/author/lower/lower.ts";

const image = input("image", [2, 6, 8, 8]);
const weight = input("weight", [10, 6, 3, 3]);
// 2 images, 10 channels, 64 places, windows of 6·9.
const forward = 2 * 10 * 64 * 6 * 9;

test("a matrix product, also in batches", () => {
  const product = matmul(input("a", [4, 3, 5]), input("b", [5, 7]));
  expect(multiplyAdds([product])).toBe(4 * 3 * 5 * 7);
  expect(multiplyAdds([add(product, 1), mul(product, 2)])).toBe(4 * 3 * 5 * 7);
});

test("a convolution, strided and grouped", () => {
  expect(multiplyAdds([conv(image, weight, undefined, { padding: 1 })])).toBe(forward);
  expect(multiplyAdds([conv(image, weight, undefined, { padding: 1, stride: 2 })])).toBe(forward / 4);
  const grouped = conv(image, input("narrow", [10, 3, 3, 3]), undefined, { padding: 1, groups: 2 });
  expect(multiplyAdds([grouped])).toBe(forward / 2);
});

test.each([1, 2])("with stride %d, each of both gradients costs what the convolution does", (stride) => {
  const y = conv(image, weight, undefined, { padding: 1, stride });
  const once = forward / stride ** 2;
  for (const of of [image, weight]) {
    const [slope] = gradient(sum(mul(y, y)), [of]);
    expect(multiplyAdds([slope!])).toBe(2 * once);
  }
  const both = gradient(sum(mul(y, y)), [image, weight]);
  expect(multiplyAdds(both)).toBe(3 * once);
});

test("lowering the input's gradient of stride 1 leaves the count; that of the weight is another convolution of the same size", () => {
  const y = conv(image, weight, undefined, { padding: 1 });
  const slopes = gradient(sum(mul(y, y)), [image]);
  expect(multiplyAdds(lower(slopes))).toBe(multiplyAdds(slopes));
});
