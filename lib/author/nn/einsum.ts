// Einstein summation of one or two tensors, by transposes, reshapes, sums and one matrix product.

import { sizeOf } from "../../artifact/shape.ts";
import { matmul, reshape, sum, transpose } from "../graph/ops.ts";
import { mismatch } from "../graph/shapes.ts";
import type { Tensor } from "../graph/tensor.ts";

/**
 * `einsum("nhqd,nhkd->nhqk", q, k)`: labels that the result does not name are summed over.
 * Throws for repeated labels within one tensor, and for sizes that differ between tensors.
 */
export function einsum(equation: string, ...operands: readonly [Tensor] | readonly [Tensor, Tensor]): Tensor {
  const [left, result, ...more] = equation.replaceAll(" ", "").split("->");
  const terms = left!.split(",");
  if (result === undefined || more.length > 0 || terms.length !== operands.length)
    mismatch("einsum", `an equation of ${operands.length} term(s) and "->"`, `"${equation}"`);
  const sizes = sizesOf(equation, terms, operands);
  for (const label of new Set(result))
    if (!sizes.has(label)) mismatch("einsum", `labels of "${left}" in the result`, `"${label}"`);
  if (new Set(result).size < result.length)
    mismatch("einsum", "distinct labels in the result", `"${result}"`);
  const labelled = terms.map((labels, i) => ({ labels, tensor: operands[i]! }));
  const reduced = labelled.map((own, i) => {
    const others = terms.filter((_, other) => other !== i).join("");
    return sumAway(own, result + others);
  });
  const product = reduced.length === 1 ? reduced[0]! : contract(reduced[0]!, reduced[1]!, result, sizes);
  return arrange(product, result);
}

interface Labelled {
  readonly labels: string;
  readonly tensor: Tensor;
}

function sizesOf(equation: string, terms: readonly string[], operands: readonly Tensor[]) {
  const sizes = new Map<string, number>();
  for (const [i, labels] of terms.entries()) {
    const { shape } = operands[i]!;
    if (labels.length !== shape.length || new Set(labels).size < labels.length)
      mismatch("einsum", `distinct labels for [${shape}]`, `"${labels}" in "${equation}"`);
    for (const [axis, label] of [...labels].entries()) {
      const size = sizes.get(label) ?? shape[axis]!;
      if (size !== shape[axis]) mismatch("einsum", `one size of "${label}"`, `${size} and ${shape[axis]}`);
      sizes.set(label, size);
    }
  }
  return sizes;
}

/** Sums over the labels that nobody else needs. */
function sumAway({ labels, tensor }: Labelled, kept: string): Labelled {
  const axes = [...labels].flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
  return {
    labels: [...labels].filter((label) => kept.includes(label)).join(""),
    tensor: sum(tensor, { axes }),
  };
}

function arrange({ labels, tensor }: Labelled, order: string): Tensor {
  return transpose(
    tensor,
    [...order].map((label) => labels.indexOf(label)),
  );
}

/** [batch, a's own, shared] times [batch, shared, b's own]. */
function contract(a: Labelled, b: Labelled, result: string, sizes: ReadonlyMap<string, number>): Labelled {
  const labelsOf = ({ labels }: Labelled, keep: (label: string) => boolean) =>
    [...labels].filter(keep).join("");
  const isShared = (label: string) => a.labels.includes(label) && b.labels.includes(label);
  const batch = labelsOf(a, (label) => isShared(label) && result.includes(label));
  const inner = labelsOf(a, (label) => isShared(label) && !result.includes(label));
  const [ownA, ownB] = [a, b].map((term) => labelsOf(term, (label) => !isShared(label)));
  const shape = (labels: string) => [...labels].map((label) => sizes.get(label)!);
  const matrices = (term: Labelled, rows: string, columns: string) =>
    reshape(arrange(term, batch + rows + columns), [
      ...shape(batch),
      sizeOf(shape(rows)),
      sizeOf(shape(columns)),
    ]);
  const product = matmul(matrices(a, ownA!, inner), matrices(b, inner, ownB!));
  const labels = batch + ownA + ownB;
  return { labels, tensor: reshape(product, shape(labels)) };
}
