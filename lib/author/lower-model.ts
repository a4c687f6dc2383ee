// Lowers a portable model that was written for everybody, for the machine that is about to run it.
import type { LoweringName } from "../artifact/lowering.ts";
import { lower } from "./lower/lower.ts";
import { encodeModel } from "./onnx/model.ts";
import { readModel } from "./onnx/read.ts";

/**
 * The model with outputs that are lowered, for which `constants` are inputs that keep their values while it is loaded. What others wrote or
 * changed so that it cannot be read stays as it is, and so does that to which lowering does nothing.
 */
export function lowerModel(
  model: Uint8Array,
  lowering: LoweringName,
  constants: ReadonlySet<string>,
): Uint8Array {
  const read = readable(model);
  if (!read) return model;
  const names = Object.keys(read.outputs);
  const nodes = Object.values(read.outputs);
  const lowered = lower(nodes, lowering, constants);
  if (lowered.every((node, i) => node === nodes[i])) return model;
  return encodeModel(Object.fromEntries(names.map((name, i) => [name, lowered[i]!])), read.inputs);
}

function readable(model: Uint8Array) {
  try {
    return readModel(model);
  } catch {
    return undefined;
  }
}
