// The forms in which a value is at hand while a graph is lowered: plain, or blocked with an affine map that waits to be applied.

import { apply } from "../../graph/infer.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { type Affine, applied, bare, bareTensor } from "./affine.ts";
import { fromBlocked, toBlocked } from "./reorder.ts";

/** How a value is computed: as a plain tensor, or as an affine map of blocked ones. */
export type Form = { readonly plain: Tensor } | Affine;

/**
 * Every value of a graph in the form that it was computed in; the other form is a reordering, made when somebody asks.
 * A form that nobody asks for is not part of the lowered graph, because a graph is what its outputs reach.
 */
export class Forms {
  readonly block: number;
  private readonly forms = new Map<Tensor, Form>();
  private readonly uses = new Map<Tensor, number>();

  constructor(block: number, order: readonly Tensor[]) {
    this.block = block;
    for (const node of order)
      for (const child of node.inputs) this.uses.set(child, (this.uses.get(child) ?? 0) + 1);
  }

  set(node: Tensor, form: Form): void {
    this.forms.set(node, form);
  }

  /** Whether the value was computed in blocked form. */
  isBlocked(node: Tensor): boolean {
    return "terms" in this.forms.get(node)!;
  }

  /** Whether a blocked form can exist. */
  fits({ shape, dtype }: Tensor): boolean {
    return dtype === "float32" && shape.length === 4 && shape[1]! % this.block === 0;
  }

  /** Whether one expression alone needs the value. */
  isUsedOnce(node: Tensor): boolean {
    return this.uses.get(node) === 1;
  }

  /** The plain tensor. */
  plain(node: Tensor): Tensor {
    const form = this.forms.get(node)!;
    if ("plain" in form) return form.plain;
    // Only numbers can be reordered; what says true or false is computed again.
    if (node.dtype !== "float32")
      return apply(
        node.op,
        node.inputs.map((child) => this.plain(child)),
        node.attrs,
      );
    return fromBlocked(applied(form, this.block), this.block);
  }

  /** The blocked tensor of a value that fits. */
  blocked(node: Tensor): Tensor {
    return applied(this.asComputed(node), this.block);
  }

  /** The value as an affine map of blocked tensors, for another map of it: of several tensors where nobody else needs their sum. */
  affine(node: Tensor): Affine {
    const form = this.asComputed(node);
    return form.terms.length > 1 && !this.isUsedOnce(node) ? bare(applied(form, this.block)) : form;
  }

  /** The value as the affine map of blocked tensors that it was computed as. */
  asComputed(node: Tensor): Affine {
    const form = this.forms.get(node)!;
    return "terms" in form ? form : bare(toBlocked(form.plain, this.block));
  }

  /** The blocked tensor of a value that is bare: computed, with no map waiting; else undefined. */
  bare(node: Tensor): Tensor | undefined {
    return bareTensor(this.asComputed(node));
  }
}
