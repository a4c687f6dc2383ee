// A distance between two laws of which samples are known.

/**
 * The energy distance 2 E‖X - Y‖ - E‖X - X'‖ - E‖Y - Y'‖ of two clouds of points of `dimensions` numbers (Székely & Rizzo 2013),
 * without bias, so that it may come out below 0 for equal laws. It costs (n + m)²/2 distances.
 */
export function energyDistance(x: ArrayLike<number>, y: ArrayLike<number>, dimensions: number): number {
  return 2 * meanDistance(x, y, dimensions) - within(x, dimensions) - within(y, dimensions);
}

/** The mean over pairs of different points. */
function within(x: ArrayLike<number>, dimensions: number): number {
  const n = x.length / dimensions;
  return meanDistance(x, x, dimensions) * (n / (n - 1));
}

function meanDistance(x: ArrayLike<number>, y: ArrayLike<number>, dimensions: number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += dimensions)
    for (let j = 0; j < y.length; j += dimensions) {
      let squares = 0;
      for (let d = 0; d < dimensions; d++) squares += (x[i + d]! - y[j + d]!) ** 2;
      sum += Math.sqrt(squares);
    }
  return sum / ((x.length * y.length) / dimensions ** 2);
}
