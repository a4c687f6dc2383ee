// Einstein summation against its definition: a loop over all labels.
import { describe, expect, test } from "bun:test";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { mul, sum } from "../../../lib/author/graph/ops.ts";
import { einsum } from "../../../lib/author/nn/einsum.ts";
import { expectAgreement, randomFeeds, relativeError } from "../../support/compare.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate, type Feeds } from "../../support/evaluate.ts";

const sizes: Record<string, number> = { b: 2, n: 3, h: 2, q: 4, k: 5, d: 3, c: 1, i: 3, j: 4 };
const shapeOf = (labels: string) => [...labels].map((label) => sizes[label]!);
const operandsOf = (equation: string) =>
  equation
    .split("->")[0]!
    .split(",")
    .map((labels, i) => input(`x${i}`, shapeOf(labels)));

/** The definition: sums the product of the terms over every assignment of the labels. */
function byDefinition(equation: string, feeds: Feeds): Float64Array {
  const [left, result] = equation.split("->");
  const terms = left!.split(",");
  const labels = [...new Set(left!.replace(",", ""))];
  const total = labels.reduce((product, label) => product * sizes[label]!, 1);
  const out = new Float64Array(shapeOf(result!).reduce((a, b) => a * b, 1));
  for (let i = 0; i < total; i++) {
    const at = new Map<string, number>();
    labels.reduce((rest, label) => {
      at.set(label, rest % sizes[label]!);
      return Math.floor(rest / sizes[label]!);
    }, i);
    const offset = (own: string) => [...own].reduce((sum, label) => sum * sizes[label]! + at.get(label)!, 0);
    const factors = terms.map((own, term) => feeds[`x${term}`]!.data[offset(own)]!);
    out[offset(result!)]! += factors.reduce((a, b) => a * b, 1);
  }
  return out;
}

describe("the definition", () => {
  test.each([
    "ij->ji",
    "ij->i",
    "ij->",
    "bnhq->hb",
    "ij,jk->ik",
    "ij,jk->ki",
    "ij,ij->",
    "ij,ij->ij",
    "i,j->ij",
    "i,i->",
    "i,j->",
    "nhqd,nhkd->nhqk",
    "nhqk,nhkd->nqhd",
    "bnq,bkn->bqk",
    "bij,ij->b",
    "bnd,hk->kb",
    "bcd,dcb->cd",
  ])("%s", async (equation) => {
    const operands = operandsOf(equation);
    const y = einsum(equation, ...(operands as [(typeof operands)[0]]));
    const feeds = randomFeeds(operands);
    expect(relativeError(evaluate([y], feeds)[0]!, byDefinition(equation, feeds))).toBeLessThan(1e-13);
    const f = sum(mul(y, y));
    const directions = randomFeeds(operands, 2);
    const slope = gradient(f, operands).map((g, i) =>
      evaluate([g], feeds)[0]!.reduce((total, v, at) => total + v * directions[`x${i}`]!.data[at]!, 0),
    );
    const wanted = directionalDifference(f, feeds, directions);
    expect(relativeError([slope.reduce((a, b) => a + b)], wanted)).toBeLessThan(1e-8);
    await expectAgreement([y], feeds);
  });
});

describe("mistakes", () => {
  const [a, b] = [input("a", [2, 3]), input("b", [4, 5])];
  const mistakes: [string, () => unknown, string][] = [
    ["no arrow", () => einsum("ij", a), 'einsum: expected an equation of 1 term(s) and "->", got "ij"'],
    ["too few tensors", () => einsum("ij,jk->ik", a), 'an equation of 1 term(s) and "->", got "ij,jk->ik"'],
    ["sizes", () => einsum("ij,jk->ik", a, b), 'einsum: expected one size of "j", got 3 and 4'],
    ["rank", () => einsum("ijk->i", a), 'einsum: expected distinct labels for [2,3], got "ijk" in "ijk->i"'],
    [
      "a diagonal",
      () => einsum("ii->i", a),
      'einsum: expected distinct labels for [2,3], got "ii" in "ii->i"',
    ],
    ["an unknown label", () => einsum("ij->k", a), 'einsum: expected labels of "ij" in the result, got "k"'],
    [
      "a result label twice",
      () => einsum("ij->ii", a),
      'einsum: expected distinct labels in the result, got "ii"',
    ],
  ];
  test.each(mistakes)("%s", (_, f, message) => {
    expect(f).toThrow(message);
  });
});
