// The lowering pass: rewrites expressions into equivalent ones that ONNX has and that run fast.
import { blockOf, type LoweringName } from "../../artifact/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import { rewrite } from "../graph/traverse.ts";
import { attentionInParts } from "./attention-parts.ts";
import { lowerToBlocks } from "./blocked/blocked.ts";
import { foldable } from "./blocked/foldable.ts";
import { lowerForCpu } from "./cpu.ts";
import { lowerNode } from "./portable.ts";
import { siluAgain } from "./silu-again.ts";
import { simplify } from "./simplify.ts";
import { lowerForWasm } from "./wasm.ts";
import { lowerForWebgpu } from "./webgpu/webgpu.ts";

const none: ReadonlySet<string> = new Set();

/**
 * Equivalent outputs that can be emitted, for everybody or as `lowering` says; call it after all differentiation. `constants` are inputs
 * that keep their values while the graph is loaded.
 */
export function lower(outputs: readonly Tensor[], lowering?: LoweringName, constants = none): Tensor[] {
  const needed = simplify(outputs);
  return lowering ? lowerings[lowering](needed, constants) : rewrite(needed, lowerNode);
}

type Lowering = (outputs: readonly Tensor[], constants: ReadonlySet<string>) => Tensor[];

const inBlocks =
  (block: number): Lowering =>
  (outputs, constants) =>
    foldable(lowerForCpu(lowerToBlocks(siluAgain(attentionInParts(outputs)), block)), constants);

const lowerings: { readonly [K in LoweringName]: Lowering } = {
  "cpu-nchwc8": inBlocks(blockOf["cpu-nchwc8"]!),
  "cpu-nchwc16": inBlocks(blockOf["cpu-nchwc16"]!),
  webgpu: lowerForWebgpu,
  wasm: lowerForWasm,
};
