// Lowers a graph to ONNX Runtime's blocked layout: images change their layout where blocked and plain operators meet, nowhere else.
import { apply } from "../../graph/infer.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { rewrite, topological } from "../../graph/traverse.ts";
import { lowerNode } from "../portable.ts";
import { gradientOfEnlarged } from "./enlarged.ts";
import { Forms } from "./forms.ts";
import { formOf } from "./rules.ts";

/** Equivalent plain outputs whose convolutions, and what stands between them, are computed in blocks of this many channels. */
export function lowerToBlocks(outputs: readonly Tensor[], block: number): Tensor[] {
  const simplified = rewrite(outputs, gradientOfEnlarged);
  const order = topological(simplified);
  const forms = new Forms(block, order);
  for (const node of order) forms.set(node, formOf(node, forms) ?? { plain: plainly(node, forms) });
  return simplified.map((node) => forms.plain(node));
}

function plainly(node: Tensor, forms: Forms): Tensor {
  const inputs = node.inputs.map((child) => forms.plain(child));
  const isUnchanged = inputs.every((child, i) => child === node.inputs[i]);
  return lowerNode(node, inputs) ?? (isUnchanged ? node : apply(node.op, inputs, node.attrs));
}
