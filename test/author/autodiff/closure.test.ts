// Gradients of gradients through a network of convolution, group norm, SiLU and attention.
import { expect, test } from "bun:test";
import { gradient, jvp, vjp } from "../../../lib/author/autodiff/gradient.ts";
import { vjps } from "../../../lib/author/autodiff/vjps.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import {
  add,
  conv,
  matmul,
  mean,
  mul,
  reshape,
  softmax,
  split,
  square,
  sum,
  transpose,
} from "../../../lib/author/graph/ops.ts";
import type { Tensor } from "../../../lib/author/graph/tensor.ts";
import { topological } from "../../../lib/author/graph/traverse.ts";
import { silu } from "../../../lib/author/nn/activations.ts";
import { groupNorm } from "../../../lib/author/nn/normalization.ts";
import { expectAgreement, randomFeeds, relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";

const shapes = {
  x: [2, 2, 4, 3],
  stem: [4, 2, 3, 3],
  gamma: [4],
  beta: [4],
  down: [4, 4, 3, 3],
  qkv: [12, 4, 1, 1],
  out: [2, 4, 1, 1],
};
type Name = keyof typeof shapes;
const names = Object.keys(shapes) as Name[];
const leaves = Object.fromEntries(names.map((name) => [name, input(name, shapes[name])])) as Record<
  Name,
  Tensor
>;
const xs = names.map((name) => leaves[name]);

/** [N,C,H,W] -> the same, every position a mixture of all by softmax(q·kᵀ/2). */
function attention(h: Tensor): Tensor {
  const [batch, channels, height, width] = h.shape;
  const tokens = reshape(conv(h, leaves.qkv), [batch!, 3, channels!, height! * width!]);
  const [q, k, v] = split(tokens, [1, 1, 1], 1).map((part) => reshape(part, [batch!, channels!, -1]));
  const weights = softmax(mul(matmul(transpose(q!, [0, 2, 1]), k!), 0.5), -1);
  return reshape(matmul(v!, transpose(weights, [0, 2, 1])), h.shape);
}

function network(): Tensor {
  const { x, stem, gamma, beta, down, out } = leaves;
  const first = silu(groupNorm(conv(x, stem, undefined, { padding: 1 }), 2, gamma, beta));
  const second = silu(conv(first, down, undefined, { stride: 2, padding: [1, 1, 1, 0] }));
  return conv(add(second, attention(second)), out);
}

const d = names.map((name) => input(`d.${name}`, shapes[name]));
const e = names.map((name) => input(`e.${name}`, shapes[name]));
const inner = (as: readonly Tensor[], bs: readonly Tensor[]) =>
  as.map((a, i) => sum(mul(a, bs[i]!))).reduce((a, b) => add(a, b));

const f = mean(square(network()));
const slope = inner(gradient(f, xs), d);
const feeds = randomFeeds([f, ...d, ...e], 5);
const directions = (prefix: string): Feeds =>
  Object.fromEntries(names.map((name) => [name, feeds[`${prefix}.${name}`]!]));

test("every operator of a second derivative has a rule, so it can be differentiated again", () => {
  const used = new Set(topological(gradient(slope, xs)).map(({ op }) => op));
  expect([...used].filter((op) => !(op in vjps))).toEqual([]);
  expect(used.size).toBeGreaterThan(15);
});

test("first, second and third derivatives agree with differences", () => {
  const bend = inner(gradient(slope, xs), e);
  const third = inner(gradient(bend, xs), d);
  const wanted = [
    directionalDifference(f, feeds, directions("d")),
    directionalDifference(slope, feeds, directions("e")),
    directionalDifference(bend, feeds, directions("d")),
  ];
  const got = evaluate([slope, bend, third], feeds);
  for (const [order, derivative] of got.entries())
    expect(relativeError(derivative, wanted[order]!)).toBeLessThan(1e-6);
});

test("ONNX Runtime computes the same first and second derivatives", async () => {
  await expectAgreement([f, ...gradient(f, xs)], feeds, 1e-5);
  // Two derivatives of a softmax and a group norm amplify the rounding of float32.
  await expectAgreement(gradient(slope, xs), feeds, 5e-4);
});

test("u·J·v of the network is the same forwards and backwards", () => {
  const v = input("v", shapes.x);
  const score = network();
  const u = input("u", score.shape);
  const all = randomFeeds([score, u, v], 9);
  const [forward, backward] = evaluate(
    [sum(mul(u, jvp(score, leaves.x, v))), sum(mul(vjp(score, leaves.x, u), v))],
    all,
  );
  expect(forward![0]).toBeCloseTo(backward![0]!, 10);
});
