// Emission: expressions become an ONNX ModelProto, one node per operator, shared parts once.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../artifact/onnx/onnx_pb.ts";
import {
  type Data,
  type DType,
  isOp,
  type Ops,
  type OpType,
  type Shape,
  type Tensor,
} from "../graph/tensor.ts";
import { topological } from "../graph/traverse.ts";

export const opset = 21;
/** The newest intermediate representation that belongs to this opset. */
const irVersion = 10n;

const dataTypes: Record<DType, DataType> = {
  float32: DataType.FLOAT,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
};

type Attribute = number | string | readonly number[];
interface Emission {
  readonly opType?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Whole-number arguments that ONNX takes as inputs after the tensors. */
  readonly int64s?: readonly (readonly number[] | undefined)[];
  /** A float argument that follows them. */
  readonly float?: number;
  /** The position of an optional tensor that is left out before others. */
  readonly skips?: number;
}
type Emit<K extends OpType> = (attrs: Ops[K], node: Tensor<K>) => Emission;

/** Where ONNX Runtime keeps the operators of its blocked layout; they exist on the CPU of some machines only. */
const blockedDomain = "com.microsoft.nchwc";

const plain: Emit<OpType> = () => ({});

const windows = ({ strides, pads, dilations, group }: Ops["Conv"]) => ({ strides, pads, dilations, group });

/** A reversed slice that ends before position 0 says so by a number below -n. */
const sliceEnd = (end: number, n: number) => (end < 0 ? end - n : end);

const reduction: Emit<"ReduceSum" | "ReduceMax"> = ({ axes, keepdims }) => ({
  attributes: { keepdims: Number(keepdims) },
  int64s: [axes],
});

/** How each operator is written down; what is named alike in ONNX and has no attributes is plain. */
const emit: { readonly [K in OpType]: Emit<K> } = {
  Input: plain,
  Constant: plain,
  Neg: plain,
  Abs: plain,
  Exp: plain,
  Log: plain,
  Sqrt: plain,
  Sin: plain,
  Cos: plain,
  Tanh: plain,
  Sigmoid: plain,
  Softplus: plain,
  Erf: plain,
  Floor: plain,
  StopGradient: () => ({ opType: "Identity" }),
  Add: plain,
  Sub: plain,
  Mul: plain,
  Div: plain,
  Pow: plain,
  Max: plain,
  Min: plain,
  Equal: plain,
  Less: plain,
  LessOrEqual: plain,
  And: plain,
  Not: plain,
  Where: plain,
  Cast: ({ to }) => ({ attributes: { to: dataTypes[to] } }),
  ReduceSum: reduction,
  ReduceMax: reduction,
  Softmax: ({ axis }) => ({ attributes: { axis } }),
  MatMul: plain,
  Conv: (attrs) => ({ attributes: windows(attrs) }),
  ConvTranspose: (attrs) => ({ attributes: { ...windows(attrs), output_padding: attrs.outputPadding } }),
  ConvWeightGrad: () => {
    throw new Error("emit: ConvWeightGrad is not an ONNX operator; lower the outputs first");
  },
  Reshape: ({ shape }) => ({ int64s: [shape] }),
  Transpose: ({ perm }) => ({ attributes: { perm } }),
  Slice: ({ starts, ends, axes, steps }, { inputs: [x] }) => ({
    int64s: [starts, ends.map((end, i) => sliceEnd(end, x!.shape[axes[i]!]!)), axes, steps],
  }),
  Pad: ({ pads, value }) => ({ int64s: [pads], float: value }),
  Concat: ({ axis }) => ({ attributes: { axis } }),
  Expand: ({ shape }) => ({ int64s: [shape] }),
  Gather: ({ axis }) => ({ attributes: { axis } }),
  UpsampleNearest: (_, { shape }) => ({
    opType: "Resize",
    attributes: { mode: "nearest", nearest_mode: "floor", coordinate_transformation_mode: "asymmetric" },
    int64s: [undefined, undefined, shape],
  }),
  ToBlocked: ({ channelsLast }) => ({
    opType: "ReorderInput",
    domain: blockedDomain,
    attributes: { channels_last: Number(channelsLast) },
  }),
  FromBlocked: ({ channels, channelsLast }) => ({
    opType: "ReorderOutput",
    domain: blockedDomain,
    attributes: { channels, channels_last: Number(channelsLast) },
  }),
  BlockedConv: ({ bias, sum, ...attrs }, { inputs: [, weight] }) => ({
    opType: "Conv",
    domain: blockedDomain,
    attributes: { ...windows(attrs), kernel_shape: weight!.shape.slice(2) },
    ...(sum && !bias && { skips: 2 }),
  }),
};

/**
 * An ONNX model with the given named outputs; its inputs are the Input leaves that they need, in `inputs` order.
 * Throws when an input is missing from `inputs`, or when names clash.
 */
export function encodeModel(
  outputs: Readonly<Record<string, Tensor>>,
  inputs: readonly Tensor<"Input">[],
): Uint8Array {
  checkNames([...inputs.map((node) => node.attrs.name), ...Object.keys(outputs)]);
  const emitter = new Emitter(outputs);
  const order = topological(Object.values(outputs));
  const missing = order.find((node) => isOp(node, "Input") && !inputs.includes(node));
  if (missing && isOp(missing, "Input"))
    throw new Error(`encodeModel: the outputs need input "${missing.attrs.name}", which is not listed`);
  for (const node of order) emitter.add(node);
  const nodes = emitter.finish();
  const isBlocked = nodes.some(({ domain }) => domain === blockedDomain);
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion,
      producerName: "langevin",
      opsetImport: [
        { domain: "", version: BigInt(opset) },
        ...(isBlocked ? [{ domain: blockedDomain, version: 1n }] : []),
      ],
      graph: {
        name: "langevin",
        node: nodes,
        initializer: emitter.initializers,
        input: inputs.map((node) => valueInfo(node.attrs.name, node)),
        output: Object.entries(outputs).map(([name, node]) => valueInfo(name, node)),
      },
    }),
  );
}

function checkNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new Error(`encodeModel: expected distinct names of inputs and outputs, got "${twice}" twice`);
  const inner = names.find((name) => /^[cn]\d+$/.test(name));
  if (inner !== undefined)
    throw new Error(`encodeModel: the name "${inner}" is reserved for the inside of the graph`);
}

class Emitter {
  readonly initializers: TensorProto[] = [];
  private readonly nodes: NodeProto[] = [];
  private readonly names = new Map<Tensor, string>();
  private readonly literals = new Map<string, string>();
  private readonly outputs: readonly (readonly [string, Tensor])[];

  constructor(outputs: Readonly<Record<string, Tensor>>) {
    this.outputs = Object.entries(outputs);
  }

  add(node: Tensor): void {
    if (isOp(node, "Input")) this.names.set(node, node.attrs.name);
    else if (isOp(node, "Constant"))
      this.names.set(node, this.initializer(node.attrs.data, node.shape, node.dtype));
    else this.names.set(node, this.node(node));
  }

  /** The nodes, with an Identity for every output that is not a computed node of that very name. */
  finish(): NodeProto[] {
    const copies = this.outputs.filter(([name, node]) => this.names.get(node) !== name);
    return [
      ...this.nodes,
      ...copies.map(([name, node]) => nodeProto("Identity", [this.names.get(node)!], name, {})),
    ];
  }

  private node(node: Tensor): string {
    const rule = emit[node.op] as Emit<typeof node.op>;
    const { opType = node.op, domain = "", attributes = {}, ...more } = rule(node.attrs, node);
    const { int64s = [], float, skips } = more;
    const inputs = node.inputs.map((child) => this.names.get(child)!);
    if (skips !== undefined) inputs.splice(skips, 0, "");
    for (const values of int64s) inputs.push(values ? this.int64s(values) : "");
    if (float !== undefined) inputs.push(this.initializer(Float32Array.of(float), [], "float32"));
    const name = this.outputs.find(([, output]) => output === node)?.[0] ?? `n${this.nodes.length}`;
    this.nodes.push(nodeProto(opType, inputs, name, attributes, domain));
    return name;
  }

  private int64s(values: readonly number[]): string {
    return this.initializer(BigInt64Array.from(values, BigInt), [values.length], "int64");
  }

  private initializer(data: Data, shape: Shape, dtype: DType): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const literal = data.length <= 16 ? `${dtype}[${shape}]${bytes}` : undefined;
    const known = literal && this.literals.get(literal);
    if (known) return known;
    const name = `c${this.initializers.length}`;
    if (literal) this.literals.set(literal, name);
    this.initializers.push(
      create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: dataTypes[dtype],
        rawData: bytes,
      }),
    );
    return name;
  }
}

function nodeProto(
  opType: string,
  input: string[],
  output: string,
  attributes: Readonly<Record<string, Attribute>>,
  domain = "",
) {
  const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
  return create(NodeProtoSchema, { opType, domain, name: output, input, output: [output], attribute });
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "string")
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function valueInfo(name: string, { shape, dtype }: Tensor): ValueInfoProto {
  const dim = shape.map((n) => ({ value: { case: "dimValue" as const, value: BigInt(n) } }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType: dataTypes[dtype], shape: { dim } } } },
  });
}
