// Directional derivatives by central differences in float64, for any expression of named inputs.
import type { Tensor } from "../../lib/author/graph/tensor.ts";
import { evaluate, type Feeds } from "./evaluate.ts";

/** Short enough for kinks to be rarely crossed; the rounding error is about 1e-16/step. */
const step = 1e-4;

/** The fourth-order central difference: offsets in steps and their weights. */
const stencil = { "-2": 1 / 12, "-1": -8 / 12, "1": 8 / 12, "2": -1 / 12 };

/** The derivative of y along `directions`, one per name of an input that moves. */
export function directionalDifference(y: Tensor, feeds: Feeds, directions: Feeds): Float64Array {
  const parts = Object.entries(stencil).map(([steps, weight]) =>
    evaluate([y], moved(feeds, directions, Number(steps) * step))[0]!.map((value) => (value * weight) / step),
  );
  return parts[0]!.map((_, i) => parts.reduce((sum, part) => sum + part[i]!, 0));
}

function moved(feeds: Feeds, directions: Feeds, by: number): Feeds {
  const shifted = Object.entries(directions).map(([name, direction]) => {
    const { data, shape } = feeds[name]!;
    return [name, { shape, data: Array.from(data, (x, i) => x + by * direction.data[i]!) }];
  });
  return { ...feeds, ...Object.fromEntries(shifted) };
}
