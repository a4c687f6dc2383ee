// Parts of a vector or an image that are all cut from it by one kernel, or by few.
import { apply } from "../../graph/infer.ts";
import { isOp, type Tensor } from "../../graph/tensor.ts";
import { rewrite, topological } from "../../graph/traverse.ts";

/** A kernel writes so many parts: in browsers it binds ten buffers at most, and one is what it reads. */
const most = 9;

interface Stretch {
  readonly start: number;
  readonly end: number;
  /** The slice of this stretch, where one is asked for. */
  readonly slice?: Tensor;
}

/** The outputs with slices of one tensor along one axis as results of a split, which may be split again. */
export function lowerParts(outputs: readonly Tensor[]): Tensor[] {
  const slices = topological(outputs).filter(
    (node) => isOp(node, "Slice") && isStretch(node),
  ) as Tensor<"Slice">[];
  const families = Map.groupBy(slices, ({ inputs: [x], attrs }) => `${x!.id} ${attrs.axes}`);
  const family = new Map(
    [...families.values()].flatMap((members) => members.map((each) => [each as Tensor, members])),
  );
  const known = new Map<Tensor, Tensor>();
  return rewrite(outputs, (node, [x]) => {
    const members = family.get(node);
    if (!members || !x) return undefined;
    if (!known.has(node)) cut(x, members, known);
    return known.get(node);
  });
}

const isStretch = ({ attrs: { axes, steps } }: Tensor<"Slice">) => axes.length === 1 && steps[0] === 1;

/** Notes the part of every slice in `known`, but for those that overlap others or stand alone. */
function cut(x: Tensor, slices: readonly Tensor<"Slice">[], known: Map<Tensor, Tensor>): void {
  const axis = slices[0]!.attrs.axes[0]!;
  const stretches = tiling(slices, x.shape[axis]!);
  if (stretches.filter(({ slice }) => slice).length < 2) return;
  divide(x, axis, stretches, known);
}

/** Stretches that cover an axis of `size`, those of slices and the gaps between; a slice that overlaps an earlier one is left out. */
function tiling(slices: readonly Tensor<"Slice">[], size: number): Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  const bounded = slices.map((slice) => ({
    slice,
    start: slice.attrs.starts[0]!,
    end: slice.attrs.ends[0]!,
  }));
  for (const each of bounded.toSorted((a, b) => a.start - b.start)) {
    if (each.start < end || each.start === each.end) continue;
    if (each.start > end) stretches.push({ start: end, end: each.start });
    stretches.push(each);
    end = each.end;
  }
  if (end < size) stretches.push({ start: end, end: size });
  return stretches;
}

/** Splits x, which starts where the first stretch does, into as few levels of splits as there must be. */
function divide(x: Tensor, axis: number, stretches: readonly Stretch[], known: Map<Tensor, Tensor>): void {
  const [only] = stretches;
  if (stretches.length === 1) {
    if (only!.slice) known.set(only!.slice, x);
    return;
  }
  let each = 1;
  while (each * most < stretches.length) each *= most;
  const count = Math.ceil(stretches.length / each);
  const groups = Array.from({ length: count }, (_, i) => stretches.slice(i * each, (i + 1) * each));
  const sizes = groups.map((group) => group.at(-1)!.end - group[0]!.start);
  for (const [index, group] of groups.entries())
    divide(apply("Part", [x], { axis, sizes, index }), axis, group, known);
}
