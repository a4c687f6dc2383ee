// The divergence of a linear map is the trace of its matrix.
import { expect, test } from "bun:test";
import { stream } from "../../lib/random.ts";
import { type QuadraticForm, type Rows, traces } from "../../lib/theory/traces.ts";

const matrix = [
  [2, 1, 0],
  [-3, 0.5, 4],
  [1, 1, -1],
];
const trace = 1.5;

/** D = factor A x, with the factor of each row's sample. */
const linear =
  (factors: readonly number[]): QuadraticForm =>
  async ({ x, samples }, directions) => {
    const times = (row: number, vectors: Float64Array, d: number) =>
      factors[samples[row]!]! * matrix[d]!.reduce((sum, each, e) => sum + each * vectors[3 * row + e]!, 0);
    return {
      denoised: x.map((_, at) => times(Math.floor(at / 3), x, at % 3)),
      divergence: samples.map((_, row) =>
        [0, 1, 2].reduce((sum, d) => sum + directions[3 * row + d]! * times(row, directions, d), 0),
      ),
    };
  };

const rows: Rows = {
  x: Float64Array.of(1, 2, 3, -1, 0, 1),
  sigmas: Float64Array.of(1, 2),
  samples: [0, 1],
};
const random = (count: number) => Array.from({ length: count }, (_, i) => stream(1, "signs", i));

test("the exact trace, and the points' own denoised values", async () => {
  const field = traces.exact.field({ form: linear([1, 10]), dimensions: 3, random: [] });
  const { denoised, divergence } = await field(rows);
  expect([...Array.from(divergence)]).toEqual([trace, 10 * trace]);
  const [wanted] = [(await linear([1, 10])(rows, rows.x)).denoised];
  expect(Array.from(denoised)).toEqual(Array.from(wanted));
  expect(traces.exact.evaluations(3)).toBe(3);
});

test("Hutchinson: one direction of signs for each sample, kept from call to call, right on average", async () => {
  const count = 2000;
  const many: Rows = {
    x: new Float64Array(3 * count),
    sigmas: new Float64Array(count).fill(1),
    samples: Array.from({ length: count }, (_, i) => i),
  };
  const form = linear(Array<number>(count).fill(1));
  const field = traces.hutchinson.field({ form, dimensions: 3, random: random(count) });
  const { divergence } = await field(many);
  const values = Array.from(divergence);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  // Signs leave out the diagonal: the variance is the sum of (A_ij + A_ji)² over i < j, here 4 + 1 + 25.
  expect(Math.abs(mean - trace)).toBeLessThan(3 * Math.sqrt(30 / count));
  expect(Array.from((await field(many)).divergence)).toEqual(values);
  // A later row of an early sample has the early sample's direction.
  const later = { x: many.x.slice(0, 3), sigmas: many.sigmas.slice(0, 1), samples: [7] };
  expect(Array.from((await field(later)).divergence)).toEqual([values[7]!]);
});
