// The flat parameter vector: where every parameter lies in it, and expressions that read them from it.
import type { Manifest } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";
import { input } from "./graph/constant.ts";
import { concat, reshape, slice } from "./graph/ops.ts";
import type { Tensor } from "./graph/tensor.ts";
import { substitute } from "./graph/traverse.ts";
import type { ParameterSpec } from "./nn/parameters.ts";

export class Layout {
  readonly entries: Manifest["parameters"];
  /** Elements of the flat vector. */
  readonly size: number;
  /** Stretches of neighbouring parameters that are all trained or all not. */
  private readonly stretches: { readonly trained: boolean; readonly start: number; end: number }[] = [];

  constructor(specs: readonly ParameterSpec[]) {
    let offset = 0;
    this.entries = specs.map(({ name, shape, init, trained }) => {
      const entry = { name, shape, offset, init };
      offset += sizeOf(shape);
      const last = this.stretches.at(-1);
      if (last?.trained === trained) last.end = offset;
      else this.stretches.push({ trained, start: entry.offset, end: offset });
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

  /** The flat vector `now` where parameters are trained, `before` where they are frozen. */
  keepFrozen(now: Tensor, before: Tensor): Tensor {
    const parts = this.stretches.map(({ trained, start, end }) =>
      slice(trained ? now : before, { axis: 0, start, end }),
    );
    return concat(parts, 0);
  }
}
