// Graphs as files: lowered expressions become ONNX models, and what feeds their inputs and what their outputs are is written down.
import type { Feed, GraphEntry, InputPort, OutputPort } from "../artifact/manifest.ts";
import { levelInputs, reverseInputs } from "./denoiser.ts";
import { timeInput } from "./diffusion/graphs.ts";
import { isOp, type Tensor } from "./graph/tensor.ts";
import { topological } from "./graph/traverse.ts";
import type { Output, Outputs } from "./graphs.ts";
import { encodeModel } from "./onnx/model.ts";

export type Feeds = Readonly<Record<string, Feed>>;

/** What feeds an input of a given name, besides the state and what the objective draws. */
export const feedsByName: Feeds = {
  x: "data",
  label: "label",
  gradient: "gradient",
  importance: "importance",
  [timeInput]: "time",
  ...Object.fromEntries([...levelInputs, ...reverseInputs].map((name) => [name, "sigma"])),
  ...Object.fromEntries(
    [
      ...["learning_rate", "first_correction", "second_correction", "ema_decay", "begins"],
      ...["a", "b", "c", "w", "limit"],
    ].map((name) => [name, "schedule"]),
  ),
};

/** Encodes a graph that is lowered, and describes it for the manifest. */
export function emit(
  file: string,
  outputs: Outputs,
  lowered: readonly Tensor[],
  feeds: Feeds,
): GraphEntry & { readonly bytes: Uint8Array } {
  const { bytes, inputs } = encode(outputs, lowered);
  return {
    file,
    bytes,
    inputs: inputs.map((node) => inputPort(node, feeds)),
    outputs: Object.entries(outputs).map(([name, output]) => outputPort(name, output)),
  };
}

export const tensorsOf = (outputs: Outputs) => Object.values(outputs).map(({ tensor }) => tensor);

export function encode(outputs: Outputs, lowered: readonly Tensor[]) {
  const inputs = topological(lowered).filter((node) => isOp(node, "Input"));
  const named = Object.keys(outputs).map((name, i) => [name, lowered[i]!] as const);
  return { bytes: encodeModel(Object.fromEntries(named), inputs), inputs };
}

function inputPort(node: Tensor<"Input">, feeds: Feeds): InputPort {
  const { name } = node.attrs;
  const feed = feeds[name];
  if (!feed) throw new Error(`author: input "${name}" has no feed; one of: ${Object.keys(feeds).join(", ")}`);
  return { name, dtype: portType(node), shape: node.shape, feed };
}

function outputPort(name: string, { tensor, role, of }: Output): OutputPort {
  return { name, dtype: portType(tensor), shape: tensor.shape, role, ...(of && { of }) } as OutputPort;
}

function portType({ dtype }: Tensor): InputPort["dtype"] {
  if (dtype === "float32" || dtype === "int32") return dtype;
  throw new Error(`author: graph inputs and outputs are float32 or int32, got ${dtype}`);
}
