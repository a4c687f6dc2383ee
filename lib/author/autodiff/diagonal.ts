// The diagonal of an energy's second derivatives by one approximate backward pass.
import { input, scalar, zeros } from "../graph/constant.ts";
import { add, expand, mul, square, sum } from "../graph/ops.ts";
import type { OpType, Tensor } from "../graph/tensor.ts";
import { substitute, topological } from "../graph/traverse.ts";
import { gradient, vjp } from "./gradient.ts";
import { pointwise, type Vjp, vjps } from "./vjps.ts";

/**
 * The second derivatives ∂²y/∂x² of each sample in each of its coordinates, in the shape of x, for y [B] (Kingma & LeCun 2010,
 * section 4, after LeCun et al. 1998). The pass keeps ∂²y of every intermediate result and drops the mixed derivatives:
 * exact where each layer's mixed derivatives vanish, as with one hidden layer, approximate with more.
 * Throws for an operator that is neither pointwise nor linear, and where x meets itself broadcast or in a product of matrices.
 */
export function diagonalCurvature(y: Tensor, x: Tensor): Tensor {
  const active = varying(y, x);
  const stops = boundaries(y, x, active);
  const cotangents = gradient(sum(y), stops);
  const curvatures = new Map<Tensor, Tensor>();
  for (const [i, node] of [...stops.entries()].reverse()) {
    if (node === x) continue;
    const at = { g: cotangents[i]!, h: curvatures.get(node) };
    const parts = pointwise.has(node.op)
      ? pointwiseParts(node, active, stops, at)
      : linearParts(node, active, at);
    for (const [child, part] of parts) {
      const sofar = curvatures.get(child);
      curvatures.set(child, sofar ? add(sofar, part) : part);
    }
  }
  return curvatures.get(x) ?? zeros(x.shape);
}

/** What arrives at a node: the first derivative of y and the second, which is absent where it is 0. */
interface Arrived {
  readonly g: Tensor;
  readonly h: Tensor | undefined;
}
type Parts = readonly (readonly [child: Tensor, h: Tensor])[];

/** Operators that pass no derivative on share this rule. */
const constantRule = vjps.StopGradient;

/** The nodes that change with x. */
function varying(y: Tensor, x: Tensor): Set<Tensor> {
  const active = new Set<Tensor>([x]);
  for (const node of topological([y]))
    if (vjps[node.op] !== constantRule && node.inputs.some((child) => active.has(child))) active.add(node);
  return active;
}

/** The active nodes at which a run of pointwise operators begins or ends, inputs before users. */
function boundaries(y: Tensor, x: Tensor, active: ReadonlySet<Tensor>): Tensor[] {
  const mixing = [...active].filter((node) => !pointwise.has(node.op));
  const ends = new Set([x, y, ...mixing, ...mixing.flatMap(({ inputs }) => inputs)]);
  return topological([y]).filter((node) => active.has(node) && ends.has(node));
}

/** y = f(u) in every position: h_u = f'² h_y + f'' g_y. A run of pointwise operators is one such f, so it stays exact. */
function pointwiseParts(
  node: Tensor,
  active: ReadonlySet<Tensor>,
  stops: readonly Tensor[],
  { g, h }: Arrived,
): Parts {
  const roots = rootsOf(node, active, new Set(stops));
  return roots.flatMap((root) => {
    const [first, second] = derivatives(node, root, roots);
    const bent = second === zeros(root.shape) ? [] : [mul(second!, g)];
    const passed = h ? [mul(square(first!), h)] : [];
    const parts = [...passed, ...bent];
    return parts.length === 0 ? [] : [[root, parts.reduce((a, b) => add(a, b))] as const];
  });
}

/** The boundaries that a run of pointwise operators starts from. */
function rootsOf(node: Tensor, active: ReadonlySet<Tensor>, stops: ReadonlySet<Tensor>): Tensor[] {
  const roots = new Set<Tensor>();
  const visit = (child: Tensor): void => {
    if (!active.has(child)) return;
    if (child.shape.join() !== node.shape.join())
      throw new Error(
        `diagonalCurvature: ${node.op} expects operands of one shape, got [${child.shape}] for [${node.shape}]`,
      );
    if (stops.has(child)) roots.add(child);
    else child.inputs.forEach(visit);
  };
  node.inputs.forEach(visit);
  return [...roots];
}

/** The first and second derivative of a pointwise node in one of its roots, the others held. */
function derivatives(node: Tensor, root: Tensor, roots: readonly Tensor[]): Tensor[] {
  const places = roots.map(({ shape }, i) => input(`diagonal.${i}`, shape));
  const [f] = substitute([node], new Map(roots.map((at, i) => [at, places[i]!])));
  const place = places[roots.indexOf(root)]!;
  const ones = expand(scalar(1), node.shape);
  const first = vjp(f!, place, ones);
  return substitute([first, vjp(first, place, ones)], new Map(places.map((at, i) => [at, roots[i]!])));
}

/** y = A·u: h_u is the gradient rule's answer for the squared entries of A. */
function linearParts(node: Tensor, active: ReadonlySet<Tensor>, { h }: Arrived): Parts {
  const squared = squaredLinear[node.op];
  const moving = node.inputs.filter((child) => active.has(child));
  if (!squared || (squared === "square" && moving.length > 1))
    throw new Error(
      `diagonalCurvature: expected pointwise operators and ${Object.keys(squaredLinear).join(", ")} with constant weights, got ${node.op} [${node.shape}]; use the sliced objective`,
    );
  if (!h) return [];
  const operands = node.inputs.map((child) =>
    squared === "same" || active.has(child) ? child : square(child),
  );
  const rule = vjps[node.op] as Vjp<OpType>;
  const parts = rule(h, operands, node, node.attrs);
  return node.inputs.flatMap((child, i) =>
    active.has(child) ? [[child, expand(parts[i]!, child.shape)] as const] : [],
  );
}

/** Linear operators: the entries of their matrices are 0 and 1, or those of the other operand. */
const squaredLinear: { readonly [K in OpType]?: "same" | "square" } = {
  ReduceSum: "same",
  Reshape: "same",
  Transpose: "same",
  Slice: "same",
  Pad: "same",
  Concat: "same",
  MatMul: "square",
  Conv: "square",
};
