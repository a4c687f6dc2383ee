// The divergence of a denoiser by quadratic forms of its Jacobian: exactly, or estimated along one random direction.
import type { RandomStream } from "../random.ts";

/** Points [n*D] of samples, each at a noise level of its own, [n]; `samples` numbers the sample that each belongs to. */
export interface Rows {
  readonly x: Float64Array;
  readonly sigmas: Float64Array;
  readonly samples: readonly number[];
}

/** D(x; sigma), [n*D], and for each point a number of its Jacobian, [n]. */
export interface Divergence {
  readonly denoised: ArrayLike<number>;
  readonly divergence: ArrayLike<number>;
}

/** With vᵀ·(dD/dx)·v of each point for its direction v, [n*D]. */
export type QuadraticForm = (rows: Rows, directions: Float64Array) => Promise<Divergence>;

/** With the trace of dD/dx, or an estimate that keeps its direction. */
export type DivergenceField = (rows: Rows) => Promise<Divergence>;

interface TraceOptions {
  readonly form: QuadraticForm;
  readonly dimensions: number;
  /** The noise of each sample. */
  readonly random: readonly Pick<RandomStream, "uint32">[];
}

interface Trace {
  readonly summary: string;
  /** Evaluations of the form for each of the field. */
  evaluations(dimensions: number): number;
  field(options: TraceOptions): DivergenceField;
}

/** One call of the form with every point repeated for each unit vector. */
const exactField =
  ({ form, dimensions }: TraceOptions): DivergenceField =>
  async ({ x, sigmas, samples }) => {
    const repeated = <T>(values: Iterable<T>) =>
      Array.from(values).flatMap((value) => Array<T>(dimensions).fill(value));
    const points = samples.map((_, i) => x.subarray(i * dimensions, (i + 1) * dimensions));
    const rows = {
      x: Float64Array.from(repeated(points).flatMap((point) => Array.from(point))),
      sigmas: Float64Array.from(repeated(sigmas)),
      samples: repeated(samples),
    };
    const units = new Float64Array(rows.x.length);
    for (let row = 0; row < rows.samples.length; row++) units[row * dimensions + (row % dimensions)] = 1;
    const { denoised, divergence } = await form(rows, units);
    return {
      denoised: x.map((_, at) => {
        const [sample, d] = [Math.floor(at / dimensions), at % dimensions];
        return denoised[sample * dimensions * dimensions + d]!;
      }),
      divergence: sigmas.map((_, i) => {
        let sum = 0;
        for (let d = 0; d < dimensions; d++) sum += divergence[i * dimensions + d]!;
        return sum;
      }),
    };
  };

/** One direction of random signs for each sample, the same at every evaluation, so that an integral along a path is one of a smooth function. */
function hutchinsonField({ form, dimensions, random }: TraceOptions): DivergenceField {
  const signs = random.map((each) =>
    Float64Array.from({ length: dimensions }, () => (each.uint32() & 1 ? 1 : -1)),
  );
  return (rows) => {
    const directions = new Float64Array(rows.x.length);
    rows.samples.forEach((sample, i) => {
      directions.set(signs[sample]!, i * dimensions);
    });
    return form(rows, directions);
  };
}

/** exact: the trace itself. hutchinson: vᵀ·J·v with E v·vᵀ = I (Hutchinson 1989; Grathwohl et al. 2019, section 3.1). */
export const traces = {
  exact: {
    summary: "the trace itself, an evaluation for each dimension",
    evaluations: (dimensions) => dimensions,
    field: exactField,
  },
  hutchinson: {
    summary: "an unbiased estimate along one direction of random signs for each sample",
    evaluations: () => 1,
    field: hutchinsonField,
  },
} satisfies Record<string, Trace>;

export type TraceName = keyof typeof traces;
