// Graphs in the blocked layout mean what they meant: in float64 for blocks of 8, and on ONNX Runtime for the blocks of this machine.
import { describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-node";
import { sizeOf } from "../../../lib/artifact/shape.ts";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import {
  abs,
  add,
  type ConvOptions,
  clip,
  concat,
  conv,
  convTranspose,
  div,
  lessOrEqual,
  max,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  slice,
  square,
  sub,
  sum,
  tanh,
  transpose,
  upsampleNearest,
  where,
} from "../../../lib/author/graph/ops.ts";
import type { OpType, Shape, Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { lower } from "../../../lib/author/lower/lower.ts";
import { silu } from "../../../lib/author/nn/activations.ts";
import { spatialAttention } from "../../../lib/author/nn/attention.ts";
import { groupNorm } from "../../../lib/author/nn/normalization.ts";
import { Parameters } from "../../../lib/author/nn/parameters.ts";
import { stream } from "../../../lib/random.ts";
import { openDevice } from "../../../lib/run/device.ts";
import { randomFeeds, relativeError } from "../../support/compare.ts";
import { evaluate } from "../../support/evaluate.ts";
import { between, pick } from "../../support/random-shapes.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const { lowering } = await openDevice(ort, "cpu");

const count = (outputs: readonly Tensor[], op: OpType) =>
  topological(outputs).filter((node) => node.op === op).length;

/** Blocks of 8 in float64, with as many blocked convolutions as said. */
function expectSame(outputs: readonly Tensor[], convolutions?: number, feeds = randomFeeds(outputs)): void {
  const lowered = lower(outputs, "cpu-nchwc8");
  if (convolutions !== undefined) expect(count(lowered, "BlockedConv")).toBe(convolutions);
  const wanted = evaluate(outputs, feeds);
  for (const [i, got] of evaluate(lowered, feeds).entries())
    expect(relativeError(got, wanted[i]!)).toBeLessThan(1e-12);
}

/** The machine's own blocks in float32. */
async function expectSameOnnx(outputs: readonly Tensor[], feeds = randomFeeds(outputs)): Promise<void> {
  const wanted = await runOnnx(outputs, feeds);
  const got = await runOnnx(outputs, feeds, lowering);
  for (const [i, values] of got.entries()) expect(relativeError(values, wanted[i]!)).toBeLessThan(1e-5);
}

/** A convolution and its gradients in everything. */
function convolved(x: Shape, weight: Shape, options: ConvOptions): Tensor[] {
  const leaves = [input("x", x), input("w", weight), input("b", [weight[0]!])] as const;
  const y = conv(...leaves, options);
  return [y, ...gradient(y, leaves, input("g", y.shape))];
}

interface Case {
  readonly x: Shape;
  readonly weight: Shape;
  readonly options?: ConvOptions;
  /** Blocked convolutions: one forward, one for each phase of the input's gradient, one for the weight's. */
  readonly convolutions: number;
}

const cases: Record<string, Case> = {
  "3x3": { x: [2, 8, 4, 5], weight: [16, 8, 3, 3], options: { padding: 1 }, convolutions: 3 },
  "fewer outputs than inputs": {
    x: [2, 24, 4, 3],
    weight: [8, 24, 3, 3],
    options: { padding: 1 },
    convolutions: 3,
  },
  "1x1": { x: [2, 16, 2, 4], weight: [8, 16, 1, 1], convolutions: 3 },
  "even window": { x: [2, 8, 5, 5], weight: [8, 8, 2, 2], convolutions: 3 },
  "uneven window and pads": {
    x: [2, 8, 4, 4],
    weight: [8, 8, 3, 1],
    options: { padding: [0, 0, 2, 0] },
    convolutions: 3,
  },
  "stride 2": { x: [2, 8, 4, 4], weight: [16, 8, 3, 3], options: { padding: 1, stride: 2 }, convolutions: 6 },
  "stride 2 on odd sizes": {
    x: [2, 8, 5, 3],
    weight: [8, 8, 3, 3],
    options: { padding: 1, stride: 2 },
    convolutions: 5,
  },
  "stride 2, padding below and right": {
    x: [2, 8, 4, 4],
    weight: [8, 8, 3, 3],
    options: { padding: [0, 0, 1, 1], stride: 2 },
    convolutions: 6,
  },
  "stride 3 by 1": {
    x: [2, 8, 6, 4],
    weight: [8, 8, 3, 3],
    options: { padding: [0, 1, 0, 1], stride: [3, 1] },
    convolutions: 5,
  },
  dilation: { x: [2, 8, 6, 6], weight: [8, 8, 3, 3], options: { padding: 2, dilation: 2 }, convolutions: 3 },
  "a batch of one": { x: [1, 8, 4, 2], weight: [8, 8, 3, 3], options: { padding: 1 }, convolutions: 3 },
  "pixels that fill no block: the weight's gradient stays plain": {
    x: [1, 8, 3, 3],
    weight: [8, 8, 3, 3],
    options: { padding: 1 },
    convolutions: 2,
  },
  "few inputs": { x: [2, 3, 4, 4], weight: [8, 3, 3, 3], options: { padding: 1 }, convolutions: 1 },
  "rows of whole blocks": {
    x: [2, 8, 3, 8],
    weight: [16, 8, 3, 3],
    options: { padding: 1 },
    convolutions: 3,
  },
  "rows of whole blocks, fewer outputs": {
    x: [1, 16, 2, 16],
    weight: [8, 16, 3, 3],
    options: { padding: [2, 1, 0, 1] },
    convolutions: 3,
  },
  "rows of whole blocks, a tall window": {
    x: [1, 8, 5, 8],
    weight: [8, 8, 3, 1],
    options: { padding: [2, 0, 2, 0], dilation: 2 },
    convolutions: 3,
  },
  "rows of whole blocks that become fewer": {
    x: [2, 8, 4, 8],
    weight: [8, 8, 3, 3],
    options: { padding: [0, 1, 0, 1] },
    convolutions: 3,
  },
  "rows of several images that fill blocks": {
    x: [4, 8, 3, 2],
    weight: [16, 8, 3, 3],
    options: { padding: [1, 0, 1, 2] },
    convolutions: 3,
  },
  "rows of several images that fill blocks, fewer outputs": {
    x: [2, 16, 3, 4],
    weight: [8, 16, 3, 3],
    options: { padding: [2, 1, 0, 1] },
    convolutions: 3,
  },
  "few outputs of a plain image": {
    x: [2, 8, 4, 4],
    weight: [3, 8, 3, 3],
    options: { padding: 1 },
    convolutions: 1,
  },
  "few of both": { x: [2, 3, 4, 4], weight: [5, 3, 3, 3], options: { padding: 1 }, convolutions: 0 },
  "inputs that fill no block": {
    x: [2, 12, 4, 4],
    weight: [8, 12, 3, 3],
    options: { padding: 1 },
    convolutions: 0,
  },
  "outputs that fill no block": {
    x: [2, 8, 4, 4],
    weight: [12, 8, 3, 3],
    options: { padding: 1 },
    convolutions: 0,
  },
  groups: { x: [2, 16, 4, 4], weight: [16, 8, 3, 3], options: { padding: 1, groups: 2 }, convolutions: 0 },
  "stride beyond the window": {
    x: [2, 8, 7, 7],
    weight: [8, 8, 2, 2],
    options: { stride: 3 },
    convolutions: 2,
  },
};

describe("convolutions and their gradients", () => {
  test.each(Object.entries(cases))("%s", (_, { x, weight, options = {}, convolutions }) =>
    expectSame(convolved(x, weight, options), convolutions),
  );

  test.skipIf(!lowering)("random ones on ONNX Runtime", async () => {
    const random = stream(21, "blocked");
    for (let i = 0; i < 25; i++) {
      const channels = () => pick(random, [1, 3, 16, 16, 32, 48, 20]);
      const [kernel, stride] = [[between(random, 1, 3), between(random, 1, 3)], between(random, 1, 2)];
      const padding = [...kernel, ...kernel].map((k) => random.integer(k));
      const size = kernel.map((k) => k + between(random, 1, 7));
      const [into, out] = [channels(), channels()];
      await expectSameOnnx(
        convolved([pick(random, [1, 2, 16]), into, ...size], [out, into, ...kernel], { padding, stride }),
      );
    }
  });

  test("a transposed convolution with output padding", () =>
    expectSame(
      [
        convTranspose(input("x", [2, 8, 3, 2]), input("w", [8, 16, 3, 3]), {
          stride: 2,
          padding: 1,
          outputPadding: 1,
        }),
      ],
      4,
    ));

  test("of an enlarged image are those of the small one", () => {
    const leaves = [input("x", [2, 8, 3, 4]), input("w", [16, 8, 3, 3]), input("b", [16])] as const;
    const [x, w, b] = leaves;
    const y = conv(upsampleNearest(x, 2), w, b, { padding: 1 });
    const outputs = [y, ...gradient(y, leaves, input("g", y.shape))];
    expectSame(outputs, 4 + 1 + 1);
    const largest = topological(lower(outputs, "cpu-nchwc8")).filter(({ op }) => op === "BlockedConv");
    expect(Math.max(...largest.map(({ shape }) => (shape.length === 4 ? shape[2]! : 0)))).toBeLessThanOrEqual(
      12 * 2,
    );
  });
});

describe("what stands between convolutions", () => {
  const w = input("w", [8, 8, 1, 1]);
  const image = (name: string) => conv(input(name, [2, 8, 2, 3]), w);
  const [x, y] = [image("x"), image("y")];
  const [perChannel, perImage, perPixel, plain] = [
    [2, 8, 1, 1],
    [2, 1, 1, 1],
    [2, 1, 2, 3],
    [2, 8, 2, 3],
  ].map((shape, i) => input(`t${i}`, shape)) as [Tensor, Tensor, Tensor, Tensor];

  const expressions: Record<string, Tensor> = {
    "sum of images": add(x, y),
    "sum with a plain image": add(x, plain),
    "plain image minus image": sub(plain, x),
    "image minus number": sub(x, 3),
    "number minus image": sub(3, x),
    "numbers per channel": div(add(mul(x, perChannel), input("c", [8, 1, 1])), perImage),
    "number per channel divided by image": div(perChannel, x),
    "maps of maps": sub(mul(sub(mul(x, perChannel), perImage), 2), mul(add(y, 1), perChannel)),
    "map minus the mapped": sub(mul(x, perChannel), sub(x, perImage)),
    negation: neg(neg(mul(neg(x), perChannel))),
    "numbers per pixel": mul(add(x, perPixel), perPixel),
    functions: clip(tanh(abs(x)), 0.1, 0.5),
    "maximum with numbers per channel": maximum(perChannel, x),
    selection: where(lessOrEqual(x, 0), mul(x, 0.1), y),
    "selection by number": where(lessOrEqual(perChannel, 0), x, y),
    "comparison as a plain result": where(lessOrEqual(x, y), input("f", [2, 2, 8, 2, 3]), 0),
    concatenation: concat([x, mul(y, perChannel), plain], 1),
    "concatenation in height": concat([x, y], 2),
    "slice of blocks": slice(concat([x, y], 1), { axis: 1, start: 8, end: 16 }, { axis: 0, start: 1 }),
    "slice within a block": slice(x, { axis: 1, start: 1, end: 3 }),
    "sum over pixels": sum(x, { axes: [2, 3] }),
    "sum over images and pixels": sum(mul(x, perChannel), { axes: [0, 2, 3], keepdims: true }),
    "sum over pixels of a map": sum(add(mul(x, perChannel), 3), { axes: [2, 3] }),
    "sum over pixels of two maps": sum(add(mul(x, perChannel), sub(y, 2)), { axes: [2, 3] }),
    "sum over pixels of an image times a map": sum(mul(y, add(mul(x, perChannel), 3)), { axes: [2, 3] }),
    "a map of an image and of another map of it": add(mul(x, perChannel), sub(mul(x, 3), y)),
    "sum over channels": sum(x, { axes: [1] }),
    maximum: max(x),
    reshape: reshape(x, [2, 48]),
    broadcast: mul(x, input("five", [3, 1, 1, 1, 1])),
    transpose: transpose(x, [0, 2, 3, 1]),
    "few outputs": conv(x, input("narrow", [3, 8, 1, 1]), input("bias", [3])),
    tokens: transpose(reshape(x, [2, 8, 6]), [0, 2, 1]),
    "image of tokens": mul(reshape(transpose(input("tokens", [2, 6, 8]), [0, 2, 1]), [2, 8, 2, 3]), x),
  };

  test.each(Object.entries(expressions))("%s", (_, expression) => expectSame([expression]));
});

describe("a network", () => {
  /** Two normalised convolutions with a skip, attention, and an enlargement: everything that a U-Net has. */
  function network(channels: number, size: Shape) {
    const p = new Parameters();
    const weight = (name: string, ...shape: number[]) => p.get(name, shape, { kind: "normal", std: 1 });
    const wide = 2 * channels;
    const x = input("x", [2, 1, ...size]);
    const stem = conv(x, weight("stem", channels, 1, 3, 3), undefined, { padding: 1 });
    const normed = groupNorm(
      add(stem, input("t", [2, channels, 1, 1])),
      4,
      weight("a", channels),
      weight("c", channels),
    );
    const half = conv(silu(normed), weight("down", wide, channels, 3, 3), weight("bias", wide), {
      padding: 1,
      stride: 2,
    });
    const mixed = spatialAttention(p, half, { headDim: channels, groups: 4, eps: 1e-5, rescale: 1 });
    const large = conv(
      upsampleNearest(mixed, 2),
      weight("up", channels, wide, 3, 3),
      weight("shift", channels),
      { padding: 1 },
    );
    const out = conv(silu(concat([large, stem], 1)), weight("out", 1, wide, 3, 3), undefined, { padding: 1 });
    const loss = mean(square(out));
    const parameters = p.all().map(({ tensor }) => tensor);
    return { loss, gradients: gradient(loss, parameters) };
  }

  /** Small enough that attention does not decide for one pixel, which would multiply rounding errors. */
  const smallFeeds = (outputs: readonly Tensor[]) =>
    Object.fromEntries(
      Object.entries(randomFeeds(outputs)).map(([name, { data, shape }]) => [
        name,
        { data: Float32Array.from(data, (value) => 0.3 * value), shape },
      ]),
    );

  test("with its gradients in float64", () => {
    const { loss, gradients } = network(8, [4, 4]);
    expectSame([loss, ...gradients], undefined, smallFeeds([loss, ...gradients]));
  });

  test.skipIf(!lowering)("with its gradients on ONNX Runtime", async () => {
    const { loss, gradients } = network(16, [8, 12]);
    await expectSameOnnx([loss, ...gradients], smallFeeds([loss, ...gradients]));
  });

  test("changes the layout of images at its borders only", () => {
    const { loss, gradients } = network(8, [8, 8]);
    const forward = lower([loss], "cpu-nchwc8");
    const isImage = ({ shape }: Tensor) =>
      shape.length === 4 && shape[0] === 2 && shape[2]! > 1 && shape[3]! > 1;
    const reorderings = (outputs: readonly Tensor[], op: OpType) =>
      topological(outputs).filter((node) => node.op === op && isImage(node)).length;
    // Out of attention; into it query, key and value; the last convolution's few channels come out plain.
    expect(reorderings(forward, "ToBlocked")).toBe(1);
    expect(reorderings(forward, "FromBlocked")).toBe(4);
    // Backwards the same the other way round, and an image for the weight of each convolution of few channels.
    const both = lower([loss, ...gradients], "cpu-nchwc8");
    expect(reorderings(both, "ToBlocked")).toBe(1 + 3);
    expect(reorderings(both, "FromBlocked")).toBe(4 + 1 + 2);
  });

  test("has passes for maps and sums that convolutions do as they go", () => {
    const w = input("w", [8, 8, 3, 3]);
    const h = conv(input("x", [2, 8, 4, 4]), w, undefined, { padding: 1 });
    const residual = add(conv(tanh(h), w, undefined, { padding: 1 }), h);
    expect(count(lower([residual], "cpu-nchwc8"), "Add")).toBe(0);
    // The gradient of x·sigmoid(x) is one map of the output onto the input, and two products.
    const g = input("g", h.shape);
    const [slope] = gradient(silu(h), [h], conv(g, w, undefined, { padding: 1 }));
    expect(
      topological(lower([slope!], "cpu-nchwc8")).filter(
        ({ op, shape }) => op === "Mul" && shape.length === 4,
      ),
    ).toHaveLength(3);
  });
});

test("the gradient of an activation makes what was normalised again, with no pass more", () => {
  const [w, a, b] = [input("w", [8, 8, 3, 3]), input("a", [8]), input("b", [8])];
  const h = conv(input("x", [2, 8, 4, 4]), w, undefined, { padding: 1 });
  const outputs = [silu(groupNorm(h, 4, a, b))];
  outputs.push(...gradient(conv(outputs[0]!, w, undefined, { padding: 1 }), [w, a, b], input("g", h.shape)));
  expectSame(outputs);
  const nodes = topological(lower(outputs, "cpu-nchwc8"));
  const normalised = nodes.find(({ op }) => op === "Sigmoid")!.inputs[0]!;
  const users = nodes.filter(({ inputs }) => inputs.includes(normalised)).map(({ op }) => op);
  expect(users.sort()).toEqual(["Mul", "Sigmoid"]);
  const passes = (op: OpType, groups: number) =>
    nodes
      .filter((node) => node.op === op && node.shape.length === 4 && sizeOf(node.shape) === sizeOf(h.shape))
      .filter(({ attrs }) => groups === 1 || ("group" in attrs && attrs.group === groups)).length;
  // y, its slope and the gradient times it; squares about the mean, and the gradient times the image.
  expect(passes("Mul", 1)).toBe(5);
  // The normalised image, the image about its mean, the slope's sum, and the gradient as a map of itself and of the image.
  expect(passes("BlockedConv", 16)).toBe(5);
});

test("what has no convolution is lowered as for everybody", () => {
  const y = tanh(mul(input("x", [2, 8, 4, 4]), 2));
  expect(lower([y], "cpu-nchwc16")).toEqual(lower([y]));
});

describe("weights that keep their values", () => {
  const weight = input("params", [24, 16, 3, 3]);
  const y = conv(input("x", [2, 16, 5, 4]), weight, undefined, { padding: 1 });
  const large = conv(upsampleNearest(y, 2), input("params2", [8, 24, 3, 3]), undefined, { padding: 1 });
  const folded = lower([large], "cpu-nchwc8", new Set(["params", "params2"]));

  test("are laid out by operators that the runtime folds", () => {
    expect(count(lower([large], "cpu-nchwc8"), "ToBlocked")).toBeGreaterThan(1);
    // The image's.
    expect(count(folded, "ToBlocked")).toBe(1);
  });

  test("are laid out the same", () => {
    const feeds = randomFeeds([large]);
    const [wanted] = evaluate([large], feeds);
    expect(relativeError(evaluate(folded, feeds)[0]!, wanted!)).toBeLessThan(1e-12);
  });
});
