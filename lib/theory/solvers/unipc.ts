// UniPC: a multistep predictor whose next evaluation also corrects where it was made (Zhao et al. 2023).
import { Points } from "./points.ts";
import { descentOf, evaluationsPerStep, type Solver } from "./solver.ts";

/** An evaluation that is remembered, at lambda = -ln sigma. */
interface Node {
  readonly lambda: number;
  readonly denoised: ArrayLike<number>;
}

/** UniPC in its data prediction with B_2(h) = e^h - 1; orders grow from 1 with the history. The step to 0 is the denoised. */
export const unipc: Solver = {
  summary: "probability-flow ODE by UniPC, predictor and corrector in one evaluation: for few steps",
  source: "Zhao et al. 2023, Algorithms 7 and 8",
  order: 3,
  ...evaluationsPerStep(() => 1),
  async *solve(problem, options) {
    const points = new Points(problem);
    const { order = 3 } = options;
    let known: Node[] = [];
    let origin = points.x.slice();
    for (const { sigma, next } of descentOf(options)) {
      const lambda = -Math.log(sigma);
      const denoised = await points.denoised(sigma);
      // The evaluation just made completes the step that led here.
      if (known.length > 0) advance(points.x, origin, lambda, known, { lambda, denoised });
      known = [{ lambda, denoised }, ...known].slice(0, order);
      origin = points.x.slice();
      if (next === 0) points.move({ a: 0, b: 1, c: 0 }, denoised);
      else advance(points.x, origin, -Math.log(next), known);
      yield points.at(next);
    }
  },
};

/**
 * Writes the solution at `to`, from x at the newest known node: (s/sigma) x + (1 - e^-h) D plus what differences of D add that
 * lie at r h from it (Eqs. 3 and 9); the predictor's order is the number of known nodes, the corrector's one more.
 */
function advance(out: Float64Array, x: Float64Array, to: number, known: readonly Node[], last?: Node): void {
  const [newest, ...older] = known as [Node, ...Node[]];
  const h = to - newest.lambda;
  const nodes = last ? [...older, last] : older;
  const places = nodes.map(({ lambda }) => (lambda - newest.lambda) / h);
  const shares = weights(places, h);
  const [decay, gain] = [Math.exp(-h), -Math.expm1(-h)];
  for (let at = 0; at < out.length; at++) {
    const base = newest.denoised[at]!;
    let value = decay * x[at]! + gain * base;
    for (const [k, { denoised }] of nodes.entries()) value += shares[k]! * (denoised[at]! - base);
    out[at] = value;
  }
}

// Of the differences at places r_k: exact where D is a polynomial in lambda. A single one counts half, as in the authors' code.
function weights(places: readonly number[], h: number): number[] {
  const gain = -Math.expm1(-h);
  if (places.length === 1) return [gain / (2 * places[0]!)];
  // h times the integrals over 0..1 of e^(-h (1 - r)) r^i, for i from 1.
  const integrals: number[] = [];
  for (let i = 1; i <= places.length; i++) integrals.push(1 - (i * (integrals.at(-1) ?? gain)) / h);
  return solveVandermonde(places, integrals).map((weight, k) => weight / places[k]!);
}

/** w with sum_k w_k r_k^i = b_i for i from 0 (Björck & Pereyra 1970). */
function solveVandermonde(r: readonly number[], b: readonly number[]): number[] {
  const w = [...b];
  const n = w.length - 1;
  for (let k = 0; k < n; k++) for (let i = n; i > k; i--) w[i]! -= r[k]! * w[i - 1]!;
  for (let k = n - 1; k >= 0; k--) {
    for (let i = k + 1; i <= n; i++) w[i]! /= r[i]! - r[i - k - 1]!;
    for (let i = k; i < n; i++) w[i]! -= w[i + 1]!;
  }
  return w;
}
