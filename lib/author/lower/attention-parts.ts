// Attention for some images at a time: its weights, which are much larger than all else, stay in the processor's caches, and none are kept.
import { sizeOf } from "../../artifact/shape.ts";
import { apply } from "../graph/infer.ts";
import { concat, mul, slice } from "../graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../graph/tensor.ts";
import { rewrite, topological } from "../graph/traverse.ts";
import { oneAfter } from "./after.ts";

/** So many elements of weights are still at hand when the next product reads them: 5 MB. */
const cached = 1.25e6;

/** What attention and its gradient make of weights [N,heads,queries,keys] in the same shape. */
const within: ReadonlySet<OpType> = new Set<OpType>(["MatMul", "Softmax", "Mul"]);

/**
 * The outputs with weights of attention that have more than `most` elements computed for some images at a time, and a second time for the
 * gradient instead of being kept for it (Rabe & Staats 2021; Dao et al. 2022). What is not attention of a batch, or does something else with its weights, stays as it is.
 */
export function attentionInParts(outputs: readonly Tensor[], most = cached): Tensor[] {
  const order = topological(outputs);
  const groups = new Map(
    regionsOf(order, new Set(outputs), most)
      .flatMap((region) => groupsOf(region, order))
      .flatMap((group) => group.results.map((result): [Tensor, Group] => [result, group])),
  );
  const parts = new Map<Group, readonly Tensor[]>();
  return rewrite(
    outputs,
    (node, inputs) => {
      const group = groups.get(node);
      if (!group) return undefined;
      const results = parts.get(group) ?? inParts(group, inputs);
      parts.set(group, results);
      return results[group.results.indexOf(node)];
    },
    (node) => groups.get(node)?.inputs ?? node.inputs,
  );
}

/** Everything in the shape of some weights that these lead to or come from, and the products that are made of it. */
interface Region {
  readonly weights: Tensor;
  readonly large: ReadonlySet<Tensor>;
  readonly results: ReadonlySet<Tensor>;
  /** How many images are computed together. */
  readonly images: number;
}

function regionsOf(order: readonly Tensor[], outputs: ReadonlySet<Tensor>, most: number): Region[] {
  const users = new Map<Tensor, Tensor[]>();
  for (const node of order)
    for (const child of node.inputs) users.set(child, [...(users.get(child) ?? []), node]);
  const usersOf = (node: Tensor) => users.get(node) ?? [];
  return order
    .filter((node) => isOp(node, "Softmax") && node.shape.length === 4 && sizeOf(node.shape) > most)
    .map((weights) => ({ ...regionAround(weights, usersOf), images: imagesAtOnce(weights, most) }))
    .filter((region) => isAttention(region) && outputs.isDisjointFrom(region.large));
}

function regionAround(weights: Tensor, usersOf: (node: Tensor) => readonly Tensor[]) {
  const large = new Set([weights]);
  const isLarge = ({ shape }: Tensor) => shape.join() === weights.shape.join();
  for (const node of large)
    for (const near of [...node.inputs, ...usersOf(node)].filter(isLarge)) large.add(near);
  const results = new Set([...large].flatMap(usersOf).filter((node) => !large.has(node)));
  return { weights, large, results };
}

/** Whether each image is computed by itself, and nothing but products leads out. */
function isAttention({ weights, large, results }: Region): boolean {
  const isBatched = ({ shape }: Tensor) => shape.length === 4 && shape[0] === weights.shape[0];
  const all = [...large, ...results];
  return (
    large.has(weights.inputs[0]!) &&
    [...large].every(({ op }) => within.has(op)) &&
    [...results].every(({ op }) => op === "MatMul") &&
    all.every((node) => node.inputs.every(isBatched))
  );
}

/** Results of a region that do not need each other: those of attention itself, or of its gradient. */
interface Group {
  readonly region: Region;
  readonly results: readonly Tensor[];
  /** What they are made from, all of it smaller than the weights. */
  readonly inputs: readonly Tensor[];
  /** Those of them that need results of an earlier group. */
  readonly arriving: ReadonlySet<Tensor>;
}

function groupsOf(region: Region, order: readonly Tensor[]): Group[] {
  const { results } = region;
  // How many results stand behind each other up to a node.
  const depth = new Map<Tensor, number>();
  for (const node of order) {
    const before = Math.max(0, ...node.inputs.map((child) => depth.get(child)!));
    depth.set(node, results.has(node) ? before + 1 : before);
  }
  return [...Map.groupBy(results, (result) => depth.get(result)!).values()].map((together) => {
    const inputs = inputsOf(together, region);
    const arriving = new Set(inputs.filter((node) => depth.get(node)! > 0));
    return { region, results: together, inputs, arriving };
  });
}

function inputsOf(results: readonly Tensor[], { large }: Region): Tensor[] {
  const inputs = new Set(results.flatMap((node) => node.inputs));
  for (const node of inputs) if (large.has(node)) for (const child of node.inputs) inputs.add(child);
  return [...inputs].filter((node) => !large.has(node));
}

/** The group's results from its inputs as they are rebuilt. A part of a gradient waits for the cotangent, then for the part before it. */
function inParts({ region, results, inputs, arriving }: Group, rebuilt: readonly Tensor[]): Tensor[] {
  const { weights, large, images } = region;
  const products = [...large].filter((node) => isOp(node, "MatMul"));
  const waiting = new Set(arriving.size > 0 ? products.map((product) => product.inputs[0]!) : []);
  const parts: Tensor[][] = [];
  for (let start = 0; start < weights.shape[0]!; start += images) {
    const before = parts.at(-1) ?? rebuilt.filter((_, i) => arriving.has(inputs[i]!));
    const own = (node: Tensor, i: number) => {
      const some = slice(rebuilt[i]!, { axis: 0, start, end: start + images });
      return waiting.has(node) ? mul(some, oneAfter(before)) : some;
    };
    const part = new Map(inputs.map((node, i) => [node, own(node, i)]));
    parts.push(results.map((result) => partOf(result, part)));
  }
  return results.map((_, i) => joined(parts.map((part) => part[i]!)));
}

function partOf(node: Tensor, part: Map<Tensor, Tensor>): Tensor {
  const known = part.get(node);
  if (known) return known;
  const made = apply(
    node.op,
    node.inputs.map((child) => partOf(child, part)),
    node.attrs,
  );
  part.set(node, made);
  return made;
}

const joined = (parts: readonly Tensor[]) => concat(parts, 0);

/** The most images whose weights are not too large and that divide the batch. */
function imagesAtOnce({ shape }: Tensor, mostElements: number): number {
  const [batch] = shape as readonly [number, ...number[]];
  const most = Math.max(1, Math.floor((mostElements * batch) / sizeOf(shape)));
  return Array.from({ length: most }, (_, i) => most - i).find((images) => batch % images === 0)!;
}
