// A logarithmic axis whose labels are round numbers.

import { extent } from "./numbers.ts";

const MARGIN = 1.15;

/** Scale and axis for positive values: labels at powers of ten, and at 2 and 5 times them where there are fewer than three. */
export function logarithmic(values: Iterable<number>) {
  // Of one value, a factor of e to either side.
  const [low, high] = extent(Array.from(values, Math.log)).map(Math.exp) as [number, number];
  const domain = [low / MARGIN, high * MARGIN];
  const first = Math.floor(Math.log10(low)) - 1;
  const decades = Array.from({ length: Math.ceil(Math.log10(high)) - first + 2 }, (_, i) => first + i);
  const ticks = (digits: readonly number[]) =>
    decades
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((value) => value >= domain[0]! && value <= domain[1]!);
  const round = ticks([1]);
  return {
    scale: { type: "log", domain, nice: false },
    axis: { values: round.length < 3 ? ticks([1, 2, 5]) : round, format: "~g" },
  } as const;
}
