// The lowering pass: rewrites expressions into equivalent ones that ONNX has and that run fast.
import { blockOf, type LoweringName } from "../../artifact/lowering.ts";
import type { Tensor } from "../graph/tensor.ts";
import { rewrite } from "../graph/traverse.ts";
import { lowerToBlocks } from "./blocked/blocked.ts";
import { lowerNode } from "./portable.ts";
import { simplify } from "./simplify.ts";

/** Equivalent outputs that can be emitted, for everybody or as `lowering` says; call it after all differentiation. */
export function lower(outputs: readonly Tensor[], lowering?: LoweringName): Tensor[] {
  const needed = simplify(outputs);
  return lowering ? lowerToBlocks(needed, blockOf[lowering]) : rewrite(needed, lowerNode);
}
