// The flat parameter vector: where every parameter lies in it, and expressions that read them from it.
import type { Manifest } from "../artifact/manifest.ts";
import { input } from "./graph/constant.ts";
import { reshape, slice } from "./graph/ops.ts";
import { sizeOf, type Tensor } from "./graph/tensor.ts";
import { substitute } from "./graph/traverse.ts";
import type { ParameterSpec } from "./nn/parameters.ts";

export class Layout {
  readonly entries: Manifest["parameters"];
  /** Elements of the flat vector. */
  readonly size: number;

  constructor(specs: readonly ParameterSpec[]) {
    let offset = 0;
    this.entries = specs.map(({ name, shape, init }) => {
      const entry = { name, shape, offset, init };
      offset += sizeOf(shape);
      return entry;
    });
    this.size = offset;
  }

  /** The outputs with every named parameter replaced by its part of the input `params`. */
  bind(outputs: readonly Tensor[]): Tensor[] {
    const flat = input("params", [this.size]);
    const parts = this.entries.map(({ name, shape, offset }): [Tensor, Tensor] => {
      const part = slice(flat, { axis: 0, start: offset, end: offset + sizeOf(shape) });
      return [input(name, shape), reshape(part, shape)];
    });
    return substitute(outputs, new Map(parts));
  }
}
