// Keeps arrays of one length by index, up to a fixed amount of memory; what came first stays.

const SLOTS_PER_BLOCK = 1024;

/**
 * Room for as many of `count` arrays as fit into `budget` bytes. Nothing is ever evicted: when every item is read once per epoch
 * in random order, no order of eviction keeps more hits.
 */
export class ByteCache {
  readonly #length: number;
  readonly #capacity: number;
  readonly #slots: Int32Array;
  readonly #blocks: Uint8Array[] = [];
  #used = 0;

  constructor(count: number, length: number, budget: number) {
    this.#length = length;
    this.#capacity = Math.min(count, Math.floor(budget / length));
    this.#slots = new Int32Array(count).fill(-1);
  }

  /** The array stored under `index`, not to be written to. */
  get(index: number): Uint8Array | undefined {
    const slot = this.#slots[index]!;
    return slot < 0 ? undefined : this.#at(slot);
  }

  /** Stores a copy, if there is room. */
  set(index: number, bytes: Uint8Array): void {
    if (this.#used === this.#capacity || this.#slots[index]! >= 0) return;
    this.#slots[index] = this.#used;
    this.#at(this.#used++).set(bytes);
  }

  #at(slot: number): Uint8Array {
    const block = Math.floor(slot / SLOTS_PER_BLOCK);
    const slots = Math.min(SLOTS_PER_BLOCK, this.#capacity - block * SLOTS_PER_BLOCK);
    this.#blocks[block] ??= new Uint8Array(slots * this.#length);
    const start = (slot % SLOTS_PER_BLOCK) * this.#length;
    return this.#blocks[block].subarray(start, start + this.#length);
  }
}
