// Which layer of the network each node of a training graph works for, read off the graph itself: runtimes rename and fuse nodes.
import { fromBinary } from "@bufbuild/protobuf";
import type { Manifest } from "../../lib/artifact/manifest.ts";
import { ModelProtoSchema, type NodeProto, type TensorProto } from "../../lib/artifact/onnx/onnx_pb.ts";
import { sizeOf } from "../../lib/artifact/shape.ts";

export type Phase = "forward" | "backward" | "optimizer";

export interface Place {
  readonly phase: Phase;
  /** The path of the layer's parameters without their own names; undefined for what serves no layer, such as the loss. */
  readonly layer: string | undefined;
}

type Parameters = Manifest["parameters"];

/**
 * The place of every node by its name, for a graph whose flat input is `params`. A node belongs to the layer whose parameter it
 * reads or whose gradient it ends in, others to the layer that they lead to. What the loss needs is forward, what else the
 * gradient needs is backward, the rest is the optimizer's.
 */
export function placesOf(model: Uint8Array, parameters: Parameters): Map<string, Place> {
  const { node: nodes = [], initializer = [] } = fromBinary(ModelProtoSchema, model).graph ?? {};
  const constants = new Map(initializer.map((tensor) => [tensor.name, tensor]));
  const graph = new Graph(nodes);
  const gradient = nodes.find(
    ({ opType, input }) => opType === "Concat" && input.length === parameters.length,
  );
  const forward = graph.ancestors(["loss"]);
  const backward = graph.ancestors(gradient ? gradient.input : ["gradient_norm"]);
  const phaseOf = (node: NodeProto): Phase =>
    forward.has(node) ? "forward" : backward.has(node) ? "backward" : "optimizer";
  const phases = new Map(nodes.map((node) => [node, phaseOf(node)]));
  const layers = readers(nodes, constants, parameters);
  gradient?.input.forEach((name, i) => {
    const producer = graph.producer(name);
    if (producer && !layers.has(producer)) layers.set(producer, layerOf(parameters[i]!.name));
  });
  // The others in reverse, so that what they lead to is known: within their own phase where it goes on there.
  for (const node of nodes.toReversed()) {
    const phase = phases.get(node)!;
    if (layers.has(node) || phase === "optimizer") continue;
    const known = graph.consumers(node).filter((each) => layers.has(each));
    const next = known.find((each) => phases.get(each) === phase) ?? known[0];
    if (next) layers.set(node, layers.get(next)!);
  }
  return new Map(nodes.map((node) => [node.name, { phase: phases.get(node)!, layer: layers.get(node) }]));
}

const layerOf = (parameter: string) => parameter.slice(0, Math.max(0, parameter.lastIndexOf(".")));

/** The layers that have parameters, in the network's order. */
export const layersOf = (parameters: Parameters): string[] => [
  ...new Set(parameters.map(({ name }) => layerOf(name))),
];

/** The nodes that read a parameter, or what is made of one layer's parameters alone. */
function readers(
  nodes: readonly NodeProto[],
  constants: ReadonlyMap<string, TensorProto>,
  parameters: Parameters,
): Map<NodeProto, string> {
  const made = new Map<string, string>();
  const found = new Map<NodeProto, string>();
  for (const node of nodes) {
    if (node.input[0] === "params") {
      partsOf(node, constants).forEach(([start, end], i) => {
        const whole = parameters.find(
          ({ offset, shape }) => offset <= start && end <= offset + sizeOf(shape),
        );
        if (whole) made.set(node.output[i]!, layerOf(whole.name));
      });
      if (node.output.length === 1 && made.has(node.output[0]!)) found.set(node, made.get(node.output[0]!)!);
      continue;
    }
    const inputs = node.input.filter((name) => name !== "" && !constants.has(name));
    const layers = inputs.map((name) => made.get(name));
    const first = layers.find((layer) => layer !== undefined);
    if (first === undefined) continue;
    found.set(node, first);
    if (layers.every((layer) => layer === first)) for (const name of node.output) made.set(name, first);
  }
  return found;
}

/** The stretches [start, end) of its first input that a node's outputs are, for Slice and Split. */
function partsOf(
  { opType, input }: NodeProto,
  constants: ReadonlyMap<string, TensorProto>,
): [number, number][] {
  const numbers = (at: number) => int64s(constants.get(input[at]!));
  if (opType === "Slice") return [[numbers(1)[0]!, numbers(2)[0]!]];
  if (opType !== "Split") return [];
  let end = 0;
  return numbers(1).map((size) => {
    end += size;
    return [end - size, end];
  });
}

function int64s(tensor: TensorProto | undefined): number[] {
  if (!tensor) return [];
  const { rawData, int64Data } = tensor;
  const raw = new BigInt64Array(Uint8Array.from(rawData).buffer);
  return [...(int64Data.length > 0 ? int64Data : raw)].map(Number);
}

/** Who makes and who reads what. */
class Graph {
  private readonly producers = new Map<string, NodeProto>();
  private readonly readers = new Map<string, NodeProto[]>();

  constructor(nodes: readonly NodeProto[]) {
    for (const node of nodes) {
      for (const name of node.output) this.producers.set(name, node);
      for (const name of node.input) this.readers.set(name, [...(this.readers.get(name) ?? []), node]);
    }
  }

  producer(name: string): NodeProto | undefined {
    return this.producers.get(name);
  }

  /** In the graph's order. */
  consumers({ output }: NodeProto): NodeProto[] {
    return output.flatMap((name) => this.readers.get(name) ?? []);
  }

  /** All nodes that these tensors need. */
  ancestors(names: readonly string[]): Set<NodeProto> {
    const found = new Set<NodeProto>();
    const waiting = [...names];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const node = this.producers.get(name);
      if (!node || found.has(node)) continue;
      found.add(node);
      waiting.push(...node.input);
    }
    return found;
  }
}
