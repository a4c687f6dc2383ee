// The lowering pass: rewrites expressions into equivalent ones that ONNX has and that run fast.
import type { Ops, OpType, Tensor } from "../graph/tensor.ts";
import { rewrite } from "../graph/traverse.ts";
import { lowerConvTranspose } from "./conv-transpose.ts";
import { lowerConvWeightGrad } from "./conv-weight-grad.ts";
import { lowerCos, lowerSin } from "./trigonometry.ts";

type Rule<K extends OpType> = (inputs: readonly Tensor[], attrs: Ops[K]) => Tensor | undefined;

/** What every provider runs: standard operators only, on the CPU, WebGPU and in a browser. */
const portable: { readonly [K in OpType]?: Rule<K> } = {
  ConvTranspose: ([x, weight], attrs) => lowerConvTranspose(x!, weight!, attrs),
  ConvWeightGrad: ([x, g], attrs) => lowerConvWeightGrad(x!, g!, attrs),
  Sin: ([x]) => lowerSin(x!),
  Cos: ([x]) => lowerCos(x!),
};

/** Equivalent outputs that can be emitted; call it after all differentiation. */
export function lower(outputs: readonly Tensor[]): Tensor[] {
  return rewrite(outputs, (node, inputs) =>
    (portable[node.op] as Rule<typeof node.op> | undefined)?.(inputs, node.attrs),
  );
}
