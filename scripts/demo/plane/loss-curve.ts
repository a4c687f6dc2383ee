// The losses of a training as a line that a small chart can show.

/** Means of equal stretches, at most so many: [middle steps, means]. */
export function lossCurve(losses: readonly number[], most: number): [steps: number[], means: number[]] {
  const stretch = Math.max(1, Math.ceil(losses.length / most));
  const starts = Array.from({ length: Math.ceil(losses.length / stretch) }, (_, i) => i * stretch);
  return [
    starts.map((start) => (start + 1 + Math.min(losses.length, start + stretch)) / 2),
    starts.map((start) => mean(losses.slice(start, start + stretch))),
  ];
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
