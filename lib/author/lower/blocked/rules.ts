// How every operator is computed on blocked images; what has no rule, or does not fit, is computed plainly.

import { concat, max, reshape, slice, sum } from "../../graph/ops.ts";
import type { OpType, Tensor } from "../../graph/tensor.ts";
import { lowerConv, lowerTransposed } from "./conv.ts";
import type { Form, Forms } from "./forms.ts";
import { pointwise } from "./pointwise.ts";
import { lowerWeightGrad } from "./weight-grad.ts";

/** The form of a node whose inputs have theirs; undefined where blocks do not fit. */
type Rule<K extends OpType> = (node: Tensor<K>, forms: Forms) => Form | undefined;

/** Sums and maxima over whole images are plain numbers per channel: every pixel has its blocks' channels in order. */
const overImages =
  (reduce: typeof sum): Rule<"ReduceSum" | "ReduceMax"> =>
  (node, forms) => {
    const [x] = node.inputs as [Tensor];
    const { axes } = node.attrs;
    if (!axes.includes(2) || !axes.includes(3)) return undefined;
    const [n, c, h, w] = x.shape;
    const pixels = reshape(forms.blocked(x), [n!, c! / forms.block, h! * w!, forms.block]);
    const perChannel = reshape(reduce(pixels, { axes: [2] }), [n!, c!]);
    const rest = reduce(perChannel, { axes: axes.filter((axis) => axis < 2) });
    return { plain: reshape(rest, node.shape) };
  };

/** Images beside each other in channels, or after each other. */
const joined: Rule<"Concat"> = (node, forms) =>
  node.attrs.axis < 2 && node.inputs.every((x) => forms.fits(x))
    ? {
        base: concat(
          node.inputs.map((x) => forms.blocked(x)),
          node.attrs.axis,
        ),
      }
    : undefined;

/** Whole blocks of channels, or whole images. */
const cut: Rule<"Slice"> = (node, forms) => {
  const { starts, ends, axes, steps } = node.attrs;
  const ranges = axes.map((axis, i) => ({ axis, start: starts[i]!, end: ends[i]!, step: steps[i]! }));
  const fits = ranges.every(({ axis, start, end, step }) =>
    axis === 0 ? step > 0 : axis === 1 && step === 1 && start % forms.block === 0 && end % forms.block === 0,
  );
  return fits ? { base: slice(forms.blocked(node.inputs[0]!), ...ranges) } : undefined;
};

const always: { readonly [K in OpType]?: Rule<K> } = {
  Conv: lowerConv,
  ConvTranspose: lowerTransposed,
  ConvWeightGrad: lowerWeightGrad,
};

const onBlocked: { readonly [K in OpType]?: Rule<K> } = {
  ...pointwise,
  ReduceSum: overImages(sum),
  ReduceMax: overImages(max),
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
