// How the operators of portable graphs are read back from ONNX: the reverse of how each is written down.
import { equals } from "@bufbuild/protobuf";
import { type AttributeProto, AttributeProtoSchema, type NodeProto } from "../../artifact/onnx/onnx_pb.ts";
import { apply } from "../graph/infer.ts";
import { type DType, isOp, type Ops, type Tensor } from "../graph/tensor.ts";
import { attributesOf } from "./model.ts";
import { dataTypes, emission, plainOperators } from "./operators.ts";

/** A node of ONNX on inputs that are read already, without those that it leaves out. Throws Error for what is not written so here. */
export function readNode({ opType, domain, attribute }: NodeProto, inputs: readonly Tensor[]): Tensor {
  if (opType === "Identity") return inputs[0]!;
  const rule = domain === "" ? rules.get(opType) : undefined;
  if (!rule) throw new Error(`readModel: unknown operator ${domain} ${opType}`);
  const node = rule(inputs, new Map(attribute.map((each) => [each.name, each])));
  const written = attributesOf(emission(node));
  if (!same(written, attribute)) throw new Error(`readModel: unknown attributes of ${opType}`);
  return node;
}

const same = (a: readonly AttributeProto[], b: readonly AttributeProto[]) =>
  a.length === b.length && a.every((each, i) => equals(AttributeProtoSchema, each, b[i]!));

type Attributes = ReadonlyMap<string, AttributeProto>;
type Read = (inputs: readonly Tensor[], attributes: Attributes) => Tensor;

/** The type that has this number in ONNX. Throws Error for one that expressions do not have. */
export function typeOf(number: number): DType {
  const found = (Object.keys(dataTypes) as DType[]).find((name) => dataTypes[name] === number);
  if (!found) throw new Error(`readModel: unknown type of data ${number}`);
  return found;
}

const whole = (attributes: Attributes, name: string) => Number(attributes.get(name)?.i);
const wholes = (attributes: Attributes, name: string) => (attributes.get(name)?.ints ?? []).map(Number);

/** The numbers that an operator takes as an input. */
function argument(node: Tensor | undefined): number[] {
  if (!node || !isOp(node, "Constant")) throw new Error("readModel: expected numbers that are constant");
  return Array.from(node.attrs.data, Number);
}

const windows = (attributes: Attributes): Ops["Conv"] => ({
  strides: wholes(attributes, "strides"),
  pads: wholes(attributes, "pads"),
  dilations: wholes(attributes, "dilations"),
  group: whole(attributes, "group"),
});

const reduction =
  (op: "ReduceSum" | "ReduceMax"): Read =>
  ([x, axes], attributes) =>
    apply(op, [x!], { axes: argument(axes), keepdims: whole(attributes, "keepdims") === 1 });

/** A reversed slice that ends before position 0 is written with a number below -n. */
const sliceEnd = (end: number, n: number) => (end < 0 ? end + n : end);

const rules: ReadonlyMap<string, Read> = new Map<string, Read>([
  ...plainOperators.map((op): [string, Read] => [op, (inputs) => apply(op, inputs, {})]),
  ["Cast", ([x], attributes) => apply("Cast", [x!], { to: typeOf(whole(attributes, "to")) })],
  ["ReduceSum", reduction("ReduceSum")],
  ["ReduceMax", reduction("ReduceMax")],
  ["Softmax", ([x], attributes) => apply("Softmax", [x!], { axis: whole(attributes, "axis") })],
  ["Conv", (inputs, attributes) => apply("Conv", inputs, windows(attributes))],
  [
    "ConvTranspose",
    (inputs, attributes) =>
      apply("ConvTranspose", inputs, {
        ...windows(attributes),
        outputPadding: wholes(attributes, "output_padding"),
      }),
  ],
  ["Reshape", ([x, shape]) => apply("Reshape", [x!], { shape: argument(shape) })],
  ["Transpose", ([x], attributes) => apply("Transpose", [x!], { perm: wholes(attributes, "perm") })],
  [
    "Slice",
    ([x, ...bounds]) => {
      const [starts, ends, axes, steps] = bounds.map(argument) as [number[], number[], number[], number[]];
      const lasts = ends.map((end, i) => sliceEnd(end, x!.shape[axes[i]!]!));
      return apply("Slice", [x!], { starts, ends: lasts, axes, steps });
    },
  ],
  ["Pad", ([x, pads, value]) => apply("Pad", [x!], { pads: argument(pads), value: argument(value)[0]! })],
  ["Concat", (inputs, attributes) => apply("Concat", inputs, { axis: whole(attributes, "axis") })],
  ["Expand", ([x, shape]) => apply("Expand", [x!], { shape: argument(shape) })],
  ["Gather", (inputs, attributes) => apply("Gather", inputs, { axis: whole(attributes, "axis") })],
  [
    "Resize",
    ([x, shape]) => {
      const scales = argument(shape).map((n, axis) => n / x!.shape[axis]!);
      return apply("UpsampleNearest", [x!], { scales: scales.slice(2) });
    },
  ],
]);
