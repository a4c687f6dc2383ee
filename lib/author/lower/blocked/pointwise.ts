// Operators that act on each position, on blocked images: affine maps wait, everything else reads the elements in blocked order.

import { scalar } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { add, div, neg, reshape, sub } from "../../graph/ops.ts";
import { isOp, type OpType, type Shape, type Tensor } from "../../graph/tensor.ts";
import { type Affine, added, bare, isPerChannel, negated, scaled, shifted } from "./affine.ts";
import type { Form, Forms } from "./forms.ts";

type Rule = (node: Tensor, forms: Forms) => Form | undefined;

const isWhole = (x: Tensor, node: Tensor) => x.shape.join() === node.shape.join();

/** The blocked image and the plain tensor beside it that does not change from pixel to pixel; undefined for any other pair. */
function imageAndFactor(node: Tensor, forms: Forms) {
  const at = node.inputs.findIndex((x) => isWhole(x, node) && forms.isBlocked(x));
  const other = node.inputs[1 - at];
  if (at < 0 || !other || !isPerChannel(other, node.shape)) return undefined;
  return { form: forms.affine(node.inputs[at]!), factor: forms.plain(other), imageFirst: at === 0 };
}

const product: Rule = (node, forms) => {
  const pair = imageAndFactor(node, forms);
  return pair ? scaled(pair.form, pair.factor) : elementwise(node, forms);
};

const quotient: Rule = (node, forms) => {
  const pair = imageAndFactor(node, forms);
  return pair?.imageFirst ? scaled(pair.form, div(scalar(1), pair.factor)) : elementwise(node, forms);
};

const negation: Rule = (node, forms) => negated(forms.affine(node.inputs[0]!));

const areImages = (node: Tensor, forms: Forms) => node.inputs.every((x) => isWhole(x, node) && forms.fits(x));

const sum: Rule = (node, forms) => {
  const pair = imageAndFactor(node, forms);
  if (pair) return shifted(pair.form, pair.factor);
  return areImages(node, forms) ? summed(node, forms) : elementwise(node, forms);
};

const difference: Rule = (node, forms) => {
  const pair = imageAndFactor(node, forms);
  if (!pair) return areImages(node, forms) ? subtracted(node, forms) : elementwise(node, forms);
  return pair.imageFirst ? shifted(pair.form, neg(pair.factor)) : shifted(negated(pair.form), pair.factor);
};

/** a + b of two images: a convolution that only this sum needs adds the other as it goes, and maps wait. */
function summed(node: Tensor, forms: Forms): Affine {
  const [a, b] = node.inputs as [Tensor, Tensor];
  const [bareA, bareB] = [forms.bare(a), forms.bare(b)];
  if (bareA && bareB)
    return bare(onto(a, bareA, bareB, forms) ?? onto(b, bareB, bareA, forms) ?? add(bareA, bareB));
  return added(term(a, forms), term(b, forms));
}

function subtracted(node: Tensor, forms: Forms): Affine {
  const [a, b] = node.inputs as [Tensor, Tensor];
  const [bareA, bareB] = [forms.bare(a), forms.bare(b)];
  return bareA && bareB ? bare(sub(bareA, bareB)) : added(term(a, forms), negated(term(b, forms)));
}

/** An image as part of a sum: its maps wait where nobody else needs them done. */
const term = (x: Tensor, forms: Forms): Affine =>
  forms.isUsedOnce(x) ? forms.affine(x) : bare(forms.blocked(x));

/** The convolution of x once more, with `other` added as it goes. */
function onto(x: Tensor, result: Tensor, other: Tensor, forms: Forms): Tensor | undefined {
  if (!isOp(result, "BlockedConv") || result.attrs.sum || !forms.isUsedOnce(x)) return undefined;
  return apply("BlockedConv", [...result.inputs, other], { ...result.attrs, sum: true });
}

/** Any of these operators, element by element in blocked order; smaller inputs are laid out so that they still broadcast. */
const elementwise: Rule = (node, forms) => {
  if (!node.inputs.some((x) => isWhole(x, node) && forms.isBlocked(x))) return undefined;
  const { block } = forms;
  const [n, c, h, w] = node.shape;
  const inputs = node.inputs.map((x) => operand(x, node.shape, forms));
  if (inputs.some((x) => x === undefined)) return undefined;
  const whole = node.inputs.every((x) => isWhole(x, node) || x.shape.length === 0);
  const operands = inputs as Tensor[];
  if (whole) return bare(apply(node.op, operands, node.attrs));
  const split = operands.map((x, i) =>
    isWhole(node.inputs[i]!, node) ? reshape(x, [n!, c! / block, h! * w!, block]) : x,
  );
  return bare(reshape(apply(node.op, split, node.attrs), node.shape));
};

/** An input as it stands beside [N,C/b,H·W,b], or the blocked image itself; undefined for what does not fit. */
function operand(x: Tensor, shape: Shape, forms: Forms): Tensor | undefined {
  const { block } = forms;
  if (x.shape.length === 0) return forms.plain(x);
  if (x.shape.join() === shape.join())
    return forms.fits(x) || forms.isBlocked(x) ? forms.blocked(x) : undefined;
  const [n, c, h, w] = [...Array<number>(Math.max(0, 4 - x.shape.length)).fill(1), ...x.shape];
  const isFlat = h === 1 && w === 1;
  const isOneChannel = c === 1;
  const covers = h === shape[2] && w === shape[3];
  if (!(isFlat || (isOneChannel && covers))) return undefined;
  const layout = isOneChannel ? [n!, 1, h! * w!, 1] : [n!, c! / block, 1, block];
  return reshape(forms.plain(x), layout);
}

/** What has nothing to do with affine maps. */
const others: readonly OpType[] = [
  ...(["Abs", "Exp", "Log", "Sqrt", "Sin", "Cos", "Tanh", "Sigmoid", "Softplus", "Erf", "Floor"] as const),
  ...(["Pow", "Max", "Min", "Where", "Equal", "Less", "LessOrEqual", "And", "Not"] as const),
];

/** Operators whose result is blocked where one of their images is. */
export const pointwise: { readonly [K in OpType]?: Rule } = {
  ...Object.fromEntries(others.map((op) => [op, elementwise])),
  Neg: negation,
  Add: sum,
  Sub: difference,
  Mul: product,
  Div: quotient,
};
