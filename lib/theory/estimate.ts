// A mean with its standard error.

export interface Estimate {
  readonly mean: number;
  /** NaN for a single value. */
  readonly error: number;
}

/** The mean of independent values and its standard error, from their spread. */
export function estimate(values: Float64Array): Estimate {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (count - 1) / count) };
}
