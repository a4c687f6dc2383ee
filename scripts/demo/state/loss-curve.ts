// The losses of a training as a line of bounded length, however long the training: means of equal stretches of steps.

export interface LossCurve {
  /** Losses so far. */
  readonly count: number;
  /** Steps of one stretch, a power of two. */
  readonly stretch: number;
  /** The sum of each stretch, the last of which may be unfinished. */
  readonly sums: readonly number[];
}

export const emptyCurve: LossCurve = { count: 0, stretch: 1, sums: [] };

const mostPoints = 160;

/** The curve with further losses; where there is no room for them, every two stretches become one. */
export function extended(curve: LossCurve, losses: Iterable<number>): LossCurve {
  let { count, stretch } = curve;
  let sums = [...curve.sums];
  for (const loss of losses) {
    if (count === mostPoints * stretch) {
      sums = Array.from({ length: mostPoints / 2 }, (_, i) => sums[2 * i]! + sums[2 * i + 1]!);
      stretch *= 2;
    }
    const at = Math.floor(count++ / stretch);
    sums[at] = (sums[at] ?? 0) + loss;
  }
  return { count, stretch, sums };
}

/** The middle step of each stretch, counted from 1, and its mean loss. */
export function pointsOf({ count, stretch, sums }: LossCurve): [steps: number[], means: number[]] {
  const ends = sums.map((_, i) => Math.min(count, (i + 1) * stretch));
  return [
    ends.map((end, i) => (i * stretch + 1 + end) / 2),
    sums.map((sum, i) => sum / (ends[i]! - i * stretch)),
  ];
}
