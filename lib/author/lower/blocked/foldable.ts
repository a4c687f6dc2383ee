// Reorderings of weights that keep their values, as operators that the runtime computes once, when it loads the graph.

import { reshape, transpose } from "../../graph/ops.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";
import { rewrite } from "../../graph/traverse.ts";

/**
 * The outputs with plain transpositions in place of reorderings of what depends on these inputs alone: ONNX Runtime folds operators that
 * it knows to answer the same every time, and does not know that of its internal ones.
 */
export function foldable(outputs: readonly Tensor[], constants: ReadonlySet<string>): Tensor[] {
  const known = new Set<Tensor>();
  return rewrite(outputs, (node, inputs) => {
    const isKnown = isOp(node, "Input")
      ? constants.has(node.attrs.name)
      : node.inputs.every((x) => known.has(x));
    if (isKnown) known.add(node);
    return isKnown && isOp(node, "ToBlocked") ? transposed(inputs[0]!, node.attrs.block) : undefined;
  });
}

/** Plain x [N,C,H,W] -> the elements of blocked order. */
function transposed(x: Tensor, block: number): Tensor {
  const [n, c, h, w] = x.shape as readonly [number, number, number, number];
  return reshape(transpose(reshape(x, [n, c / block, block, h * w]), [0, 1, 3, 2]), x.shape);
}
