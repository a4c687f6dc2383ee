// ONNX Runtime's arena for the CPU, from which a running graph takes its memory and which gives none back.
import type { Lifetime } from "./execution.ts";

interface Chunk {
  readonly region: number;
  start: number;
  size: number;
  /** Whose memory it is; undefined where it is free. */
  owner: Lifetime | undefined;
}

/** Memory is taken in multiples of this. */
const granule = 256;
const firstRegion = 2 ** 20;
/** A chunk is split unless what would be left is smaller than what is taken, and than this. */
const splitsFrom = 128 * 2 ** 20;

/**
 * The bytes of the arena that a run of a graph writes to. It grows by regions, each twice the one before or as large as
 * needs be; takes the smallest free chunk that fits; and joins free neighbours. Pages that nothing wrote to take no memory.
 */
export function arenaBytes(lifetimes: readonly Lifetime[]): number {
  const arena = new Arena();
  const steps = Math.max(0, ...lifetimes.map(({ to }) => to)) + 1;
  const begins = Map.groupBy(lifetimes, ({ from }) => from);
  const ends = Map.groupBy(lifetimes, ({ to }) => to);
  for (let step = 0; step < steps; step++) {
    for (const each of begins.get(step) ?? []) arena.take(each);
    for (const each of ends.get(step) ?? []) arena.giveBack(each);
  }
  return arena.written;
}

class Arena {
  /** Of every region in order of its addresses. */
  private readonly chunks: Chunk[][] = [];
  private readonly taken = new Map<Lifetime, Chunk>();
  /** How far each region was written. */
  private readonly reached: number[] = [];
  private next = firstRegion;

  get written(): number {
    return this.reached.reduce((sum, bytes) => sum + bytes, 0);
  }

  take(owner: Lifetime): void {
    const size = Math.ceil(owner.bytes / granule) * granule;
    const chunk = this.smallest(size) ?? this.grow(size);
    if (chunk.size >= 2 * size || chunk.size - size >= splitsFrom) this.split(chunk, size);
    chunk.owner = owner;
    this.taken.set(owner, chunk);
    this.reached[chunk.region] = Math.max(this.reached[chunk.region]!, chunk.start + size);
  }

  giveBack(owner: Lifetime): void {
    const chunk = this.taken.get(owner)!;
    this.taken.delete(owner);
    chunk.owner = undefined;
    const row = this.chunks[chunk.region]!;
    const at = row.indexOf(chunk);
    const [before, after] = [row[at - 1], row[at + 1]];
    if (after && !after.owner) {
      chunk.size += after.size;
      row.splice(at + 1, 1);
    }
    if (before && !before.owner) {
      before.size += chunk.size;
      row.splice(at, 1);
    }
  }

  private smallest(size: number): Chunk | undefined {
    let best: Chunk | undefined;
    for (const row of this.chunks)
      for (const chunk of row)
        if (!chunk.owner && chunk.size >= size && (!best || chunk.size < best.size)) best = chunk;
    return best;
  }

  private grow(size: number): Chunk {
    const fits = this.next >= size;
    while (this.next < size) this.next *= 2;
    const chunk = { region: this.chunks.length, start: 0, size: this.next, owner: undefined };
    if (fits) this.next *= 2;
    this.chunks.push([chunk]);
    this.reached.push(0);
    return chunk;
  }

  private split(chunk: Chunk, size: number): void {
    const row = this.chunks[chunk.region]!;
    const rest = { ...chunk, start: chunk.start + size, size: chunk.size - size, owner: undefined };
    row.splice(row.indexOf(chunk) + 1, 0, rest);
    chunk.size = size;
  }
}
