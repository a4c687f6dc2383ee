// Emission: expressions become an ONNX ModelProto, one node per operator, shared parts once.
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "../../artifact/onnx/onnx_pb.ts";
import { type Data, type DType, isOp, type Shape, type Tensor } from "../graph/tensor.ts";
import { topological } from "../graph/traverse.ts";
import { type Attribute, blockedDomain, dataTypes, type Emission, emission } from "./operators.ts";

export const opset = 21;
/** The newest intermediate representation that belongs to this opset. */
const irVersion = 10n;

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
  const inner = names.find((name) => /^[cn]\d+(_\d+)?$/.test(name));
  if (inner !== undefined)
    throw new Error(`encodeModel: the name "${inner}" is reserved for the inside of the graph`);
}

class Emitter {
  readonly initializers: TensorProto[] = [];
  private readonly nodes: NodeProto[] = [];
  private readonly names = new Map<Tensor, string>();
  private readonly literals = new Map<string, string>();
  /** Nodes of several results, by what they compute. */
  private readonly several = new Map<string, NodeProto>();
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
    const { opType = node.op, domain = "", attributes = {}, ...more } = emission(node);
    const { int64s = [], float, skips, result } = more;
    const inputs = node.inputs.map((child) => this.names.get(child)!);
    if (skips !== undefined) inputs.splice(skips, 0, "");
    for (const values of int64s) inputs.push(values ? this.int64s(values) : "");
    if (float !== undefined) inputs.push(this.initializer(Float32Array.of(float), [], "float32"));
    const named = this.outputs.find(([, output]) => output === node)?.[0];
    if (result) return this.resultOf(opType, inputs, attributes, result, named);
    const name = named ?? `n${this.nodes.length}`;
    this.nodes.push(nodeProto(opType, inputs, name, attributes, domain));
    return name;
  }

  /** One of the results of a node, which is written down when the first of them is asked for. */
  private resultOf(
    opType: string,
    inputs: string[],
    attributes: NonNullable<Emission["attributes"]>,
    { index, count }: NonNullable<Emission["result"]>,
    named: string | undefined,
  ): string {
    const key = JSON.stringify([opType, inputs, attributes]);
    const node = this.several.get(key) ?? nodeProto(opType, inputs, `n${this.nodes.length}`, attributes);
    if (!this.several.has(key)) {
      node.output = Array.from({ length: count }, (_, i) => `${node.name}_${i}`);
      this.several.set(key, node);
      this.nodes.push(node);
    }
    if (named) node.output[index] = named;
    return node.output[index]!;
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
  const attribute = attributesOf({ attributes });
  return create(NodeProtoSchema, { opType, domain, name: output, input, output: [output], attribute });
}

/** A node's attributes as they are written down. */
export const attributesOf = ({ attributes = {} }: Pick<Emission, "attributes">): AttributeProto[] =>
  Object.entries(attributes).map(([name, value]) => attributeProto(name, value));

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "string")
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  if (typeof value === "object" && "float" in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
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
