// Chunks: how many images at once, when graphs exist at a few batch sizes only.
import { UserError } from "../errors.ts";

/**
 * Batch sizes, largest first, that hold `count` images with the least work: padding counts like images, and each chunk
 * costs about one image more. Sizes above `limit` are used only where all are. Throws UserError for a count below 1.
 */
export function planChunks(sizes: readonly number[], count: number, limit = Infinity): number[] {
  if (!(Number.isInteger(count) && count > 0))
    throw new UserError(`sample: expected a count of at least 1 image, got ${count}`);
  const ascending = sizes.toSorted((a, b) => a - b);
  const within = ascending.filter((size) => size <= limit);
  const usable = within.length > 0 ? within : ascending.slice(0, 1);
  const largest = usable.at(-1)!;
  const whole = Math.max(0, Math.floor(count / largest) - 1);
  return [...Array<number>(whole).fill(largest), ...cheapest(usable, count - whole * largest)];
}

/** The cheapest chunks for every count up to `count`, each built on smaller ones. */
function cheapest(sizes: readonly number[], count: number): number[] {
  const plans: { cost: number; chunks: number[] }[] = [{ cost: 0, chunks: [] }];
  for (let n = 1; n <= count; n++) {
    const candidates = sizes.map((size) => {
      const rest = plans[Math.max(0, n - size)]!;
      return { cost: rest.cost + size + 1, chunks: [size, ...rest.chunks] };
    });
    plans.push(candidates.reduce((best, each) => (each.cost < best.cost ? each : best)));
  }
  return plans[count]!.chunks.sort((a, b) => b - a);
}
