// The replay buffer: the chains of persistent negatives, which go on from where an earlier step left them.
import type { RandomStream } from "../random.ts";

/** Batches take its chains in turn, so that all of them are equally old (Tieleman 2008; Du & Mordatch 2019, section 3.2). */
export class Replay {
  /** [size,...shape] */
  readonly chains: Float32Array;
  private readonly size: number;
  private readonly restart: number;

  /** Goes on with a copy of `chains`; a chain that is taken starts anew with probability `restart`. */
  constructor(
    chains: Float32Array,
    { buffer, restart }: { readonly buffer: number; readonly restart: number },
  ) {
    this.chains = chains.slice();
    this.size = buffer;
    this.restart = restart;
  }

  /**
   * New chains [B,...], but with those that go on in their place; `first` counts the chains that were ever taken, and the
   * first round only starts them.
   */
  take(begun: Float32Array, first: number, random: readonly RandomStream[]): Float32Array {
    const taken = begun.slice();
    for (const [i, row] of this.rows(taken, first).entries()) {
      if (first + i < this.size || random[i]!.uniform() < this.restart) continue;
      row.batch.set(row.kept);
    }
    return taken;
  }

  /** Puts the chains of `take` back, where they have got to. */
  keep(moved: Float32Array, first: number): void {
    for (const { batch, kept } of this.rows(moved, first)) kept.set(batch);
  }

  /** Each chain of a batch beside its place in the buffer. */
  private rows(batch: Float32Array, first: number) {
    const length = this.chains.length / this.size;
    return Array.from({ length: batch.length / length }, (_, i) => {
      const slot = (first + i) % this.size;
      return {
        batch: batch.subarray(i * length, (i + 1) * length),
        kept: this.chains.subarray(slot * length, (slot + 1) * length),
      };
    });
  }
}
