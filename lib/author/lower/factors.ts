// Numbers that results are multiplied with wait until something takes them in: a constant matrix, another number, a sum's sign.
import { constant, scalarValue } from "../graph/constant.ts";
import { apply } from "../graph/infer.ts";
import { add, matmul, mul, neg, reshape, sub } from "../graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../graph/tensor.ts";
import { topological } from "../graph/traverse.ts";

/** factor·base */
interface Scaled {
  readonly base: Tensor;
  readonly factor: number;
}

type Rule = (node: Tensor, inputs: readonly Scaled[]) => Scaled | undefined;

/** The outputs with as few products with numbers as there are takers; a factor never moves to a larger tensor. */
export function lowerFactors(outputs: readonly Tensor[]): Tensor[] {
  const order = topological(outputs);
  const uses = new Map<Tensor, number>();
  for (const child of order.flatMap(({ inputs }) => inputs)) uses.set(child, (uses.get(child) ?? 0) + 1);
  const known = new Map<Tensor, Scaled>();
  for (const node of order) {
    const inputs = node.inputs.map((child) => known.get(child)!);
    const result = rules[node.op]?.(node, inputs) ?? plainly(node, inputs);
    // A sign is taken in nearly everywhere; other numbers might be multiplied with by every user.
    const waits = !takesIn(result.base) && (result.factor === -1 || (uses.get(node) ?? 0) <= 1);
    known.set(node, waits ? result : bare(whole(result)));
  }
  return outputs.map((node) => whole(known.get(node)!));
}

const bare = (base: Tensor): Scaled => ({ base, factor: 1 });

/** Whether a node is the product with a constant matrix, perhaps reshaped. */
const takesIn = ({ op, inputs: [a, b] }: Tensor): boolean =>
  op === "Reshape" ? takesIn(a!) : op === "MatMul" && isOp(b!, "Constant");

/** The tensor itself; a constant matrix of the product that makes it takes the factor in. */
function whole({ base, factor }: Scaled): Tensor {
  if (factor === 1) return base;
  if (!takesIn(base)) return factor === -1 ? neg(base) : mul(base, factor);
  const [a, b] = base.inputs as [Tensor, Tensor];
  if (isOp(base, "Reshape")) return reshape(whole({ base: a, factor }), base.shape);
  return matmul(a, isOp(b, "Constant") ? scaledConstant(b, factor) : b);
}

function scaledConstant({ attrs: { data }, shape }: Tensor<"Constant">, factor: number): Tensor {
  return constant(
    Float32Array.from(data as Float32Array, (value) => value * factor),
    shape,
  );
}

const plainly: (node: Tensor, inputs: readonly Scaled[]) => Scaled = (node, inputs) =>
  bare(apply(node.op, inputs.map(whole), node.attrs));

/** x·number, and -x. */
const product: Rule = (node, inputs) => {
  const at = inputs.findIndex(({ base }) => scalarValue(base) !== undefined && base.shape.length === 0);
  if (at < 0) return bilinear(node, inputs);
  const { base, factor } = inputs[1 - at]!;
  return { base, factor: factor * scalarValue(inputs[at]!.base)! * inputs[at]!.factor };
};

/** Factors of both sides, as far as they stand at a tensor as large as the result; a sign always moves on. */
const bilinear: Rule = (node, inputs) => {
  const size = (x: Tensor) => x.shape.reduce((a, b) => a * b, 1);
  const moves = ({ base, factor }: Scaled) => factor === -1 || size(base) >= size(node);
  const kept = inputs.map((each) => (moves(each) ? each : bare(whole(each))));
  return {
    base: apply(
      node.op,
      kept.map(({ base }) => base),
      node.attrs,
    ),
    factor: kept.reduce((total, { factor }) => total * factor, 1),
  };
};

/** Two sides of which one is negative are a difference. */
const total: Rule = (_, [a, b]) => {
  if (a!.factor === -1 && b!.factor === -1) return { base: add(a!.base, b!.base), factor: -1 };
  if (b!.factor === -1) return bare(sub(whole(a!), b!.base));
  return a!.factor === -1 ? bare(sub(whole(b!), a!.base)) : undefined;
};

const difference: Rule = (_, [a, b]) => (b!.factor === -1 ? bare(add(whole(a!), b!.base)) : undefined);

const rules: { readonly [K in OpType]?: Rule } = {
  Neg: (_, [x]) => ({ base: x!.base, factor: -x!.factor }),
  Mul: product,
  MatMul: bilinear,
  Reshape: bilinear,
  Transpose: bilinear,
  Add: total,
  Sub: difference,
};
