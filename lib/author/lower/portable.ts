// Rewrites for every provider: standard operators only, on the CPU, WebGPU and in a browser.
import type { Ops, OpType, Tensor } from "../graph/tensor.ts";
import { lowerConvTranspose } from "./conv-transpose.ts";
import { lowerConvWeightGrad } from "./conv-weight-grad.ts";
import { lowerCos, lowerSin } from "./trigonometry.ts";

type Rule<K extends OpType> = (inputs: readonly Tensor[], attrs: Ops[K]) => Tensor | undefined;

const rules: { readonly [K in OpType]?: Rule<K> } = {
  ConvTranspose: ([x, weight], attrs) => lowerConvTranspose(x!, weight!, attrs),
  ConvWeightGrad: ([x, g], attrs) => lowerConvWeightGrad(x!, g!, attrs),
  Sin: ([x]) => lowerSin(x!),
  Cos: ([x]) => lowerCos(x!),
};

/** What a node becomes on inputs that are lowered already; undefined where it stays as it is. */
export const lowerNode = (node: Tensor, inputs: readonly Tensor[]): Tensor | undefined =>
  (rules[node.op] as Rule<typeof node.op> | undefined)?.(inputs, node.attrs);
