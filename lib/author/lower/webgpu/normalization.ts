// Group normalisation by the provider's own kernel, forwards and backwards, instead of sums and small products one by one.
import { constant, scalarValue } from "../../graph/constant.ts";
import { apply } from "../../graph/infer.ts";
import { add, div, matmul, mul, neg, reshape, sub, sum, transpose } from "../../graph/ops.ts";
import { isOp, type OpType, type Tensor } from "../../graph/tensor.ts";
import { topological } from "../../graph/traverse.ts";
import { channelAffine } from "./channel-affine.ts";
import { groupsOf } from "./membership.ts";

/** A group normalisation as `groupNorm` writes it: the expressions that lead from x [N,C,...] to its groups' statistics [N,G]. */
interface Normalization {
  readonly x: Tensor;
  readonly center: Tensor;
  /** x - center. */
  readonly deviation: Tensor;
  readonly root: Tensor;
  readonly inverse: Tensor;
  readonly membership: Tensor;
  readonly groups: number;
  /** One over the numbers of a group. */
  readonly share: number;
  readonly eps: number;
}

/** The expression that takes the place of a node, of what its inputs have become. */
type Replacement = (at: (node: Tensor) => Tensor) => Tensor;

/**
 * The outputs with every group normalisation and its gradient in terms of y = (x - mean)·r, r = 1/sqrt(variance + eps). The kernel takes
 * the variance as a mean square minus a squared mean, which is exact enough once the mean is subtracted.
 */
export function lowerNormalizations(outputs: readonly Tensor[]): Tensor[] {
  const order = topological(outputs);
  const found = order.map(normalizationOf).filter((each) => each !== undefined);
  const bySpread = new Map(found.map((each) => [spread(each, each.inverse), each]));
  const byDeviation = new Map(found.map((each) => [each.deviation, each]));
  const replacements = new Map<Tensor, Replacement>(found.flatMap(statistics));
  const rebuilt = new Map<Tensor, Tensor>();
  const at = (node: Tensor) => rebuilt.get(node)!;
  for (const node of order) {
    const replacement =
      replacements.get(node) ??
      affine(node, bySpread) ??
      weightSlope(node, bySpread) ??
      inputSlope(node, byDeviation);
    rebuilt.set(node, replacement?.(at) ?? apply(node.op, node.inputs.map(at), node.attrs));
  }
  return outputs.map(at);
}

const operands = (node: Tensor | undefined, op: OpType): readonly (Tensor | undefined)[] =>
  node && isOp(node, op) ? node.inputs : [];

/** The normalisation whose 1/sqrt(variance + eps) a node is. */
function normalizationOf(inverse: Tensor): Normalization | undefined {
  const [one, root] = operands(inverse, "Div");
  const [variance, epsilon] = operands(operands(root, "Sqrt")[0], "Add");
  const [total, number] = operands(variance, "Mul");
  const [squares, membership] = operands(total, "MatMul");
  const [square] = operands(squares, "ReduceSum");
  const [deviation] = operands(square, "Mul");
  const [x] = operands(deviation, "Sub");
  if (!one || !root || !epsilon || !number || !membership || !square || !deviation || !x) return undefined;
  const [groups, share, eps] = [groupsOf(membership), scalarValue(number), scalarValue(epsilon)];
  if (groups === undefined || share === undefined || eps === undefined) return undefined;
  const axes = [...x.shape.keys()].slice(2);
  const center = mul(matmul(sum(x, { axes }), membership), share);
  const normalization = { x, center, deviation, root, inverse, membership, groups, share, eps };
  const isWhole =
    scalarValue(one) === 1 &&
    deviation === sub(x, perChannel(normalization, spread(normalization, center))) &&
    squares === sum(mul(deviation, deviation), { axes });
  return isWhole ? normalization : undefined;
}

/** [N,G] -> [N,C]. */
const spread = ({ membership }: Normalization, values: Tensor) => matmul(values, transpose(membership));

/** [N,C] -> [N,C,1,...]. */
const perChannel = ({ x }: Normalization, values: Tensor) =>
  reshape(values, [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)]);

/** [N,C,...] -> [N,G,numbers of a group]. */
const rows = ({ groups }: Normalization, image: Tensor) => reshape(image, [image.shape[0]!, groups, -1]);

/** [N,G] -> [N,G,1]. */
const perRow = (values: Tensor) => reshape(values, [...values.shape, 1]);

type Result = "values" | "mean" | "inverse";

function normalized(row: Tensor, eps: number, result: Result): Tensor {
  const width = row.shape.at(-1)!;
  return apply("NormalizedRows", [row, constant(new Float32Array(width).fill(1))], { eps, result });
}

function statistics(of: Normalization): [Tensor, Replacement][] {
  const { x, center, deviation, inverse, eps } = of;
  return [
    [center, (at) => reshape(normalized(rows(of, at(x)), eps, "mean"), center.shape)],
    [deviation, (at) => reshape(sub(rows(of, at(x)), perRow(at(center))), x.shape)],
    [inverse, (at) => reshape(normalized(rows(of, at(deviation)), eps, "inverse"), inverse.shape)],
  ];
}

/** y in the shape of x. */
const values = (of: Normalization, at: (node: Tensor) => Tensor) =>
  reshape(normalized(rows(of, at(of.deviation)), of.eps, "values"), of.x.shape);

/** x·slope + (bias - center·slope) with slope = r·weight is y·weight + bias; either may be absent. */
function affine(node: Tensor, bySpread: ReadonlyMap<Tensor, Normalization>): Replacement | undefined {
  const [product, last] = operands(node, "Add");
  const [x, slopes] = operands(product, "Mul");
  const [slope] = operands(slopes, "Reshape");
  const [level] = operands(last, "Reshape");
  const [scale, weight] = slope && bySpread.has(slope) ? [slope] : operands(slope, "Mul");
  const of = scale && bySpread.get(scale);
  if (!of || !slope || !level || x !== of.x) return undefined;
  const shift = mul(spread(of, of.center), slope);
  const [bias] = operands(level, "Sub");
  if (level !== (bias ? sub(bias, shift) : neg(shift))) return undefined;
  return (at) => {
    const y = values(of, at);
    if (weight?.shape.length === 1 && bias) return channelAffine(y, at(weight), at(bias));
    const channels = (vector: Tensor) => reshape(at(vector), [-1, ...x.shape.slice(2).map(() => 1)]);
    const scaled = weight ? mul(y, channels(weight)) : y;
    return bias ? add(scaled, channels(bias)) : scaled;
  };
}

/** What a cotangent g sums up to in every channel: of g·x minus center·(the sum of g). */
interface Moments {
  readonly g: Tensor;
  readonly axes: readonly number[];
}

function momentsOf(of: Normalization, node: Tensor | undefined): Moments | undefined {
  const [, sums] = operands(node, "Add");
  const [reduced] = operands(sums, "Reshape");
  const [g, x] = operands(operands(reduced, "ReduceSum")[0], "Mul");
  if (!node || !g || x !== of.x) return undefined;
  const axes = [...x.shape.keys()].slice(2);
  const flat = (image: Tensor) => reshape(sum(image, { axes, keepdims: true }), x.shape.slice(0, 2));
  const expected = add(mul(neg(flat(g)), spread(of, of.center)), flat(mul(g, x)));
  return node === expected ? { g, axes } : undefined;
}

/** The sums of g·y over every channel, [N,C]. */
const slopes = (of: Normalization, { g, axes }: Moments, at: (node: Tensor) => Tensor) =>
  sum(mul(at(g), values(of, at)), { axes });

/** The gradient in the weight, but for the sum over samples. */
function weightSlope(node: Tensor, bySpread: ReadonlyMap<Tensor, Normalization>): Replacement | undefined {
  const [sums, scale] = operands(node, "Mul");
  const of = scale && bySpread.get(scale);
  const moments = of && momentsOf(of, sums);
  return moments && ((at) => slopes(of, moments, at));
}

/** The part of the gradient in x that comes through the variance: -y·r·(the mean over the group of weight·g·y). */
function inputSlope(node: Tensor, byDeviation: ReadonlyMap<Tensor, Normalization>): Replacement | undefined {
  const [factor, deviation] = operands(node, "Mul");
  const of = deviation && byDeviation.get(deviation);
  const [twice] = operands(factor, "Mul");
  const [spreaded] = operands(twice, "Reshape");
  const [scaled] = operands(spreaded, "MatMul");
  const [quotient] = operands(scaled, "Mul");
  const [negative] = operands(quotient, "Div");
  const [product] = operands(operands(negative, "Neg")[0], "Mul");
  const [weighted] = operands(product, "MatMul");
  if (!of || !weighted) return undefined;
  const [inner, weight] = momentsOf(of, weighted) ? [weighted] : operands(weighted, "Mul");
  const moments = momentsOf(of, inner);
  if (!moments || factor !== throughVariance(of, weighted)) return undefined;
  return (at) => {
    const sums = slopes(of, moments, at);
    const means = mul(matmul(weight ? mul(sums, at(weight)) : sums, of.membership), -of.share);
    const product = mul(perRow(means), perRow(at(of.inverse)));
    return reshape(mul(rows(of, values(of, at)), product), node.shape);
  };
}

/** 2·share·(-(weighted sums)·r / root / (2·root)) in every channel, as differentiation writes it. */
function throughVariance(of: Normalization, weighted: Tensor): Tensor {
  const { inverse, root, membership, share } = of;
  const slope = div(neg(mul(matmul(weighted, membership), div(inverse, root))), mul(root, 2));
  return mul(perChannel(of, spread(of, mul(slope, share))), 2);
}
