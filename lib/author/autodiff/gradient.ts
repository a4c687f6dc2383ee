// Reverse-mode differentiation of expressions, and directional derivatives built from it.
import { input, scalar, zeros } from "../graph/constant.ts";
import { add, expand, mul, reshape, sum } from "../graph/ops.ts";
import { expectType, mismatch } from "../graph/shapes.ts";
import type { Shape, Tensor } from "../graph/tensor.ts";
import { topological } from "../graph/traverse.ts";
import { pointwise, type Vjp, vjps } from "./vjps.ts";

/**
 * The gradients of y with respect to every x, each in the shape of its x; zeros where y does not depend on x.
 * y has one element unless `seed`, its cotangent in y's shape, is given. The result can be differentiated again.
 * Throws where y or an x is not float32, and for a seed of another shape.
 */
export function gradient(y: Tensor, xs: readonly Tensor[], seed: Tensor = unitSeed(y)): Tensor[] {
  for (const node of [y, ...xs]) expectType("gradient", node, "float32");
  expectShape("gradient: seed", seed, y.shape);
  const order = topological([y]);
  const active = dependents(order, xs);
  const cotangents = new Map<Tensor, Tensor>([[y, seed]]);
  for (const node of order.reverse()) {
    const arrived = cotangents.get(node);
    if (!arrived || !active.has(node)) continue;
    const parts = pullBack(node, mayStayRepeated(node, active) ? arrived : expand(arrived, node.shape));
    node.inputs.forEach((child, i) => {
      const part = parts[i];
      if (!part || !active.has(child)) return;
      const whole = sumRepeats(part, child.shape);
      const sofar = cotangents.get(child);
      cotangents.set(child, sofar ? add(sofar, whole) : whole);
    });
  }
  return xs.map((x) => {
    const g = active.has(x) && cotangents.get(x);
    return g ? expand(g, x.shape) : zeros(x.shape);
  });
}

/** The vector-Jacobian product uᵀ·J of y with respect to x; u has the shape of y, the result that of x. */
export function vjp(y: Tensor, x: Tensor, u: Tensor): Tensor {
  return gradient(y, [x], u)[0]!;
}

/**
 * The Jacobian-vector product J·v, the derivative of y along v; v has the shape of x, the result that of y.
 * uᵀJ is linear in u, so differentiating <uᵀJ, v> in a placeholder u gives J·v and u itself disappears.
 */
export function jvp(y: Tensor, x: Tensor, v: Tensor): Tensor {
  expectShape("jvp: v", v, x.shape);
  const u = input("jvp.u", y.shape);
  return gradient(sum(mul(vjp(y, x, u), v)), [u])[0]!;
}

function expectShape(who: string, { shape }: Tensor, expected: Shape): void {
  if (shape.join() !== expected.join()) mismatch(who, `[${expected}]`, `[${shape}]`);
}

function unitSeed(y: Tensor): Tensor {
  if (y.shape.some((n) => n !== 1)) mismatch("gradient", "a y of one element, or a seed", `y [${y.shape}]`);
  return expand(scalar(1), y.shape);
}

/** The nodes of `order` through which y can depend on an x. */
function dependents(order: readonly Tensor[], xs: readonly Tensor[]): Set<Tensor> {
  const wanted = new Set(xs);
  const active = new Set<Tensor>();
  for (const node of order)
    if (wanted.has(node) || node.inputs.some((child) => active.has(child))) active.add(node);
  return active;
}

function pullBack(node: Tensor, g: Tensor) {
  const rule = vjps[node.op] as Vjp<typeof node.op>;
  return rule(g, node.inputs, node, node.attrs);
}

/** A repeated cotangent passes through pointwise operators as it is, unless one of them would have to sum the repeats. */
function mayStayRepeated(node: Tensor, active: ReadonlySet<Tensor>): boolean {
  const sameShape = (child: Tensor) => child.shape.join() === node.shape.join();
  return pointwise.has(node.op) && node.inputs.every((child) => !active.has(child) || sameShape(child));
}

/** Sums a cotangent over the axes along which broadcasting repeated the child. */
function sumRepeats(g: Tensor, shape: Shape): Tensor {
  const lead = g.shape.length - shape.length;
  const axes = [...g.shape.keys()].filter(
    (axis) => axis < lead || (shape[axis - lead] === 1 && g.shape[axis] !== 1),
  );
  const summed = sum(g, { axes, keepdims: true });
  return reshape(summed, summed.shape.slice(Math.max(lead, 0)));
}
