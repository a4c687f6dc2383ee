// Gradient checkpointing: the backward pass computes again what it needs of the forward pass, but for a few results that are kept.
import { sizeOf } from "../../artifact/shape.ts";
import { apply } from "../graph/infer.ts";
import { mul, sum } from "../graph/ops.ts";
import { isOp, type Tensor } from "../graph/tensor.ts";
import { topological } from "../graph/traverse.ts";
import { oneAfter } from "./after.ts";
import { type Segments, segmentsOf } from "./segments.ts";
import { simplify } from "./simplify.ts";

interface Differentiated {
  readonly loss: Tensor;
  readonly gradients: readonly Tensor[];
}

/**
 * The loss and its gradients, in which every segment of the forward pass is computed a second time once the gradient arrives at its end
 * (Griewank & Walther 2008, chapter 12; Chen et al. 2016). The second time reads a factor of 1 that is made from that gradient: without it both
 * times would be the same expression, and nothing would keep the second from coming first.
 */
export function recompute(
  { loss, gradients }: Differentiated,
  parameters: readonly Tensor[],
): Differentiated {
  const [value, ...parts] = simplify([loss, ...gradients]) as [Tensor, ...Tensor[]];
  const forward = topological([value]);
  const known = new Set(forward);
  const backward = topological(parts).filter((node) => !known.has(node));
  const needed = new Set(backward.flatMap((node) => node.inputs).filter((node) => known.has(node)));
  const segments = segmentsOf(forward, new Set(parameters), needed);
  return { loss: value, gradients: new Recomputation(segments, known, backward, parts).gradients };
}

class Recomputation {
  private readonly segments: Segments;
  private readonly forward: ReadonlySet<Tensor>;
  /** The earliest segment of which a backward result needs something. */
  private readonly reach = new Map<Tensor, number>();
  private readonly rebuilt = new Map<Tensor, Tensor>();
  private readonly copies = new Map<Tensor, Tensor>();
  /** What must be there before each segment is computed again: what arrives at its end last, and the gradients of the segment after it. */
  private readonly before: readonly (readonly Tensor[])[];
  private readonly ones = new Map<number, Tensor>();

  readonly gradients: Tensor[];

  constructor(
    segments: Segments,
    forward: ReadonlySet<Tensor>,
    backward: readonly Tensor[],
    gradients: readonly Tensor[],
  ) {
    this.segments = segments;
    this.forward = forward;
    for (const node of backward)
      this.reach.set(node, Math.min(...node.inputs.map((child) => this.reachOf(child)), segments.count - 1));
    this.before = this.arrivals(backward).map((last, segment) => [
      ...(last ? [channelSums(last)] : []),
      ...gradients.filter((node) => this.reach.get(node) === segment + 1),
    ]);
    // Nothing reaches back further than what it is made from, so that this order has inputs first, and what arrives at a segment before what is in it.
    const order = backward.toSorted((a, b) => this.reach.get(b)! - this.reach.get(a)!);
    for (const node of order) this.rebuilt.set(node, this.rebuild(node));
    this.gradients = gradients.map((node) => this.available(node));
  }

  /** The segment whose results are not at hand, if it must be computed again: the last is still there. */
  private lost(node: Tensor): number | undefined {
    const segment = this.segments.of(node);
    return segment === this.segments.count - 1 ? undefined : segment;
  }

  private reachOf(node: Tensor): number {
    return this.reach.get(node) ?? this.lost(node) ?? this.segments.count - 1;
  }

  /** For every segment, the deepest of the backward results that need none of it, but lead to such that do. */
  private arrivals(backward: readonly Tensor[]): (Tensor | undefined)[] {
    const arriving: (Tensor | undefined)[] = [];
    const depth = new Map<Tensor, number>();
    for (const node of backward) {
      depth.set(node, 1 + Math.max(0, ...node.inputs.map((child) => depth.get(child) ?? 0)));
      for (const child of node.inputs)
        for (let segment = this.reach.get(node)!; segment < (this.reach.get(child) ?? 0); segment++)
          if (depth.get(child)! > (depth.get(arriving[segment]!) ?? 0)) arriving[segment] = child;
    }
    return arriving;
  }

  private available(node: Tensor): Tensor {
    return this.forward.has(node) ? this.again(node) : (this.rebuilt.get(node) ?? node);
  }

  private rebuild(node: Tensor): Tensor {
    const inputs = node.inputs.map((child) => this.available(child));
    const isUnchanged = inputs.every((child, i) => child === node.inputs[i]);
    return isUnchanged ? node : apply(node.op, inputs, node.attrs);
  }

  /** A result of the forward pass: itself where it is at hand, else computed again. */
  private again(node: Tensor): Tensor {
    const segment = this.lost(node);
    if (segment === undefined || !this.before[segment]?.length) return node;
    const known = this.copies.get(node) ?? this.copy(node, () => this.one(segment));
    this.copies.set(node, known);
    return known;
  }

  private copy(node: Tensor, one: () => Tensor): Tensor {
    const inputs = node.inputs.map((child) => this.again(child));
    if (!isOp(node, "Reshape") && inputs.every((child, i) => child === node.inputs[i])) {
      const least = leastFloat(inputs);
      inputs[least] = mul(inputs[least]!, one());
    }
    return apply(node.op, inputs, node.attrs);
  }

  private one(segment: number): Tensor {
    const known = this.ones.get(segment) ?? oneAfter(this.before[segment]!.map((node) => this.rebuild(node)));
    this.ones.set(segment, known);
    return known;
  }
}

/** The smallest of the inputs that a factor can multiply. */
function leastFloat(inputs: readonly Tensor[]): number {
  const size = ({ shape, dtype }: Tensor) => (dtype === "float32" ? sizeOf(shape) : Number.POSITIVE_INFINITY);
  return inputs.reduce((least, node, i) => (size(node) < size(inputs[least]!) ? i : least), 0);
}

/** Sums over all but channels: the gradient of a bias, as a rule, which is there already. */
const channelSums = (x: Tensor): Tensor =>
  x.shape.length < 2 ? x : sum(x, { axes: [...x.shape.keys()].filter((axis) => axis !== 1) });
