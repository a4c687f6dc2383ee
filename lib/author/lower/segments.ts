// Segments of a forward pass for gradient checkpointing: between them few results are kept, within them all others are given up.
import { sizeOf } from "../../artifact/shape.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";

export interface Segments {
  readonly count: number;
  /** The segment of a result that is given up; undefined where it is at hand for the backward pass. */
  of(node: Tensor): number | undefined;
}

/** Results smaller than this share of the largest are kept: they are many, and take little. */
const smallShare = 1 / 32;

/** Ever more segments are tried, up to so many. */
const mostSegments = 32;

/** A reshape is its input in other words. */
const source = (node: Tensor): Tensor => (isOp(node, "Reshape") ? source(node.inputs[0]!) : node);

/**
 * The segments of a pass with the least memory for what is kept and for the largest segment: what the backward pass needs of it, and as many
 * cotangents. `order` has the nodes as they compute, `needed` are those that the backward pass reads. Parameters, and what depends on nothing
 * else, are always at hand. What crosses a border is kept, so that borders lie where little does (Chen et al. 2016, section 3).
 */
export function segmentsOf(
  order: readonly Tensor[],
  parameters: ReadonlySet<Tensor>,
  needed: ReadonlySet<Tensor>,
): Segments {
  const results = largeResults(order, parameters, new Set([...needed].map(source)));
  const total = sumOf(results, ({ needs }) => needs);
  const plans = Array.from({ length: mostSegments }, (_, i) => cut(results, total / (i + 1)));
  const best = plans.reduce((least, plan) => (plan.cost < least.cost ? plan : least));
  return {
    count: best.count,
    of: (node) => best.segment.get(source(node)),
  };
}

interface Result {
  readonly node: Tensor;
  readonly elements: number;
  /** The same, if the backward pass needs it; else 0, for it is gone soon after. */
  readonly needs: number;
  /** Its place in the pass, and that of the last node that reads it. */
  readonly at: number;
  readonly lastUse: number;
}

const sumOf = (results: readonly Result[], count: (result: Result) => number) =>
  results.reduce((sum, result) => sum + count(result), 0);

/** The results that are worth giving up. */
function largeResults(
  order: readonly Tensor[],
  parameters: ReadonlySet<Tensor>,
  needed: ReadonlySet<Tensor>,
): Result[] {
  const varying = new Set<Tensor>();
  const lastUse = new Map<Tensor, number>();
  for (const [at, node] of order.entries()) {
    const isData = isOp(node, "Input") && !parameters.has(node);
    if (isData || node.inputs.some((child) => varying.has(child))) varying.add(node);
    for (const child of node.inputs) lastUse.set(source(child), at);
  }
  const results = order.flatMap((node, at): Result[] => {
    if (!varying.has(node) || node.inputs.length === 0 || source(node) !== node) return [];
    const elements = sizeOf(node.shape);
    return [{ node, elements, needs: needed.has(node) ? elements : 0, at, lastUse: lastUse.get(node) ?? at }];
  });
  const least = smallShare * Math.max(0, ...results.map(({ elements }) => elements));
  return results.filter(({ elements }) => elements >= least);
}

interface Plan {
  readonly count: number;
  readonly segment: ReadonlyMap<Tensor, number>;
  /** In elements. */
  readonly cost: number;
}

/** Segments that need at most `budget` elements, each ended where least is to be kept. */
function cut(results: readonly Result[], budget: number): Plan {
  const kept = new Set<Tensor>();
  const segment = new Map<Tensor, number>();
  let [begin, count, largest, keeps] = [0, 0, 0, 0];
  while (begin < results.length) {
    const end = borderAfter(results, begin, kept, budget);
    for (const { node, elements } of crossing(results, end, kept)) {
      kept.add(node);
      keeps += elements;
    }
    const lost = results.slice(begin, end).filter(({ node }) => !kept.has(node));
    begin = end;
    const needs = sumOf(lost, (each) => each.needs);
    if (needs === 0) continue;
    for (const { node } of lost) segment.set(node, count);
    largest = Math.max(largest, needs);
    count++;
  }
  return { count, segment, cost: keeps + largest };
}

/** The results before number `end` that are needed after it and not kept yet. */
function crossing(results: readonly Result[], end: number, kept: ReadonlySet<Tensor>): Result[] {
  const border = results[end - 1]!.at;
  return results.slice(0, end).filter(({ node, lastUse }) => lastUse > border && !kept.has(node));
}

/** Where a segment from `begin` on ends best within its budget: the last of the places where least is to be kept. */
function borderAfter(
  results: readonly Result[],
  begin: number,
  kept: ReadonlySet<Tensor>,
  budget: number,
): number {
  let [needs, best, least] = [0, begin + 1, Number.POSITIVE_INFINITY];
  for (let end = begin + 1; end <= results.length; end++) {
    needs += results[end - 1]!.needs;
    if (needs > budget && end > begin + 1) return best;
    const more = sumOf(crossing(results, end, kept), ({ elements }) => elements);
    if (more <= least) [best, least] = [end, more];
  }
  return results.length;
}
