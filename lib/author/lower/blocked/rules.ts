// How every operator is computed on blocked images; what has no rule, or does not fit, is computed plainly.

import { concat, max, reshape, slice, sum } from "../../graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../../graph/tensor.ts";
import { bare, summedUp, timesImage } from "./affine.ts";
import { lowerConv, lowerTransposed } from "./conv.ts";
import type { Form, Forms } from "./forms.ts";
import { pointwise } from "./pointwise.ts";
import { lowerWeightGrad } from "./weight-grad.ts";

/** The form of a node whose inputs have theirs; undefined where blocks do not fit. */
type Rule<K extends OpType> = (node: Tensor<K>, forms: Forms) => Form | undefined;

/** What reduces whole images gives plain numbers per channel: every pixel has its blocks' channels in order. */
const overImages =
  (reduce: typeof sum, perChannel: (x: Tensor, forms: Forms) => Tensor): Rule<"ReduceSum" | "ReduceMax"> =>
  (node, forms) => {
    const { axes } = node.attrs;
    if (!axes.includes(2) || !axes.includes(3)) return undefined;
    const rest = reduce(perChannel(node.inputs[0]!, forms), { axes: axes.filter((axis) => axis < 2) });
    return { plain: reshape(rest, node.shape) };
  };

/** A blocked image -> [N,C,1,1]. */
function reduced(x: Tensor, block: number, reduce: typeof sum): Tensor {
  const [n, c, h, w] = x.shape;
  const pixels = reshape(x, [n!, c! / block, h! * w!, block]);
  return reshape(reduce(pixels, { axes: [2] }), [n!, c!, 1, 1]);
}

const maxima = (x: Tensor, forms: Forms) => reduced(forms.blocked(x), forms.block, max);

/** Sums of maps are worked out on the sums of what they map, and so are those of an image times a map that only the sum needs. */
function sums(x: Tensor, forms: Forms): Tensor {
  const sumOf = (base: Tensor) => reduced(base, forms.block, sum);
  const [a, b] = isOp(x, "Mul") && forms.isUsedOnce(x) ? x.inputs : [];
  const isPair = a && b && a !== b && forms.fits(a) && a.shape.join() === b.shape.join();
  if (!isPair || (forms.bare(a) && forms.bare(b))) return summedUp(forms.asComputed(x), sumOf);
  const [image, map] = forms.bare(b) ? [b, a] : [a, b];
  return summedUp(timesImage(forms.affine(map), forms.blocked(image)), sumOf);
}

/** Images beside each other in channels, or after each other. */
const joined: Rule<"Concat"> = (node, forms) =>
  node.attrs.axis < 2 && node.inputs.every((x) => forms.fits(x))
    ? bare(
        concat(
          node.inputs.map((x) => forms.blocked(x)),
          node.attrs.axis,
        ),
      )
    : undefined;

/** Whole blocks of channels, or whole images. */
const cut: Rule<"Slice"> = (node, forms) => {
  const { starts, ends, axes, steps } = node.attrs;
  const ranges = axes.map((axis, i) => ({ axis, start: starts[i]!, end: ends[i]!, step: steps[i]! }));
  const fits = ranges.every(({ axis, start, end, step }) =>
    axis === 0 ? step > 0 : axis === 1 && step === 1 && start % forms.block === 0 && end % forms.block === 0,
  );
  return fits ? bare(slice(forms.blocked(node.inputs[0]!), ...ranges)) : undefined;
};

const always: { readonly [K in OpType]?: Rule<K> } = {
  Conv: lowerConv,
  ConvTranspose: lowerTransposed,
  ConvWeightGrad: lowerWeightGrad,
};

const onBlocked: { readonly [K in OpType]?: Rule<K> } = {
  ...pointwise,
  ReduceSum: overImages(sum, sums),
  ReduceMax: overImages(max, maxima),
  Concat: joined,
  Slice: cut,
};

/** The form of a node, blocked where that pays: convolutions always, others where an input is. */
export function formOf(node: Tensor, forms: Forms): Form | undefined {
  const rule = (always[node.op] ??
    (node.inputs.some((x) => forms.isBlocked(x)) ? onBlocked[node.op] : undefined)) as
    | Rule<typeof node.op>
    | undefined;
  return rule?.(node, forms);
}
