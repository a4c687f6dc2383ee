// Checks on the numbers that a figure is given, and what it needs to know about them.

export type Numbers = ArrayLike<number>;
export type Interval = readonly [low: number, high: number];

/** The numbers as an array. Throws when there is none or one of them is not finite. */
export function finite(who: string, what: string, values: Numbers): number[] {
  const all = Array.from(values);
  if (all.length === 0) throw new Error(`${who}: expected at least one of ${what}, got none`);
  const bad = all.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new Error(`${who}: expected finite ${what}, got ${all[bad]} at index ${bad}`);
  return all;
}

/** Throws when there are not as many numbers as the figure needs. */
export function checkCount(who: string, what: string, values: Numbers, count: number): void {
  if (values.length !== count) throw new Error(`${who}: expected ${count} ${what}, got ${values.length}`);
}

/** The least and the greatest of the numbers; of one value, half a unit to either side. */
export function extent(values: Iterable<number>): Interval {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}
