// The Dormand–Prince method of order 5(4), "RK45", for many ordinary differential equations at once (Dormand & Prince 1980).
import { UserError } from "../../errors.ts";

/** dx/dt of systems [n*D], each at a time of its own, [n]. */
export type Derivative = (x: Float64Array, t: Float64Array) => Promise<ArrayLike<number>>;

export interface DormandPrinceOptions {
  readonly derivative: Derivative;
  /** Where the systems start, [n*D]. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  readonly from: number;
  /** Where they end; it may lie before `from`. */
  readonly to: number;
  readonly relativeTolerance: number;
  readonly absoluteTolerance: number;
}

export interface DormandPrinceProgress {
  /** [n*D] and [n]; the same arrays at every step. */
  readonly x: Float64Array;
  readonly t: Float64Array;
  /** Evaluations of the derivative so far. */
  readonly evaluations: number;
}

const nodes = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const tableau = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** The solution of order 5, which the last row evaluates, less the one of order 4. */
const difference = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

interface Trial {
  readonly x: Float64Array;
  /** What order 4 would have differed by. */
  readonly error: Float64Array;
  /** dx/dt at the end, which is the first stage of the next step. */
  readonly slope: ArrayLike<number>;
}

/** One step of size h, [n], from x at t, where dx/dt is `slope`: six evaluations. */
export async function dormandPrinceStep(
  derivative: Derivative,
  x: Float64Array,
  t: Float64Array,
  h: Float64Array,
  slope: ArrayLike<number>,
): Promise<Trial> {
  const slopes: ArrayLike<number>[] = [slope];
  let end = x;
  for (let stage = 1; stage < nodes.length; stage++) {
    end = combination(slopes, tableau[stage]!, h, x);
    const times = t.map((time, i) => time + nodes[stage]! * h[i]!);
    slopes.push(await derivative(end, times));
  }
  return { x: end, error: combination(slopes, difference, h), slope: slopes.at(-1)! };
}

/** base + h sum_j weights_j slopes_j. */
function combination(
  slopes: readonly ArrayLike<number>[],
  weights: readonly number[],
  h: Float64Array,
  base?: Float64Array,
): Float64Array {
  const out = new Float64Array(slopes[0]!.length);
  for (const [j, weight] of weights.entries())
    if (weight !== 0) for (let at = 0; at < out.length; at++) out[at]! += weight * slopes[j]![at]!;
  const dimensions = out.length / h.length;
  for (let at = 0; at < out.length; at++)
    out[at] = (base?.[at] ?? 0) + h[Math.floor(at / dimensions)]! * out[at]!;
  return out;
}

/**
 * Solves from one time to another with steps of which each system chooses its own, so that none depends on its company; those
 * that arrive wait for the others. Yields after every trial step. Throws UserError when a step shrinks to nothing.
 */
export async function* dormandPrince(
  options: DormandPrinceOptions,
): AsyncGenerator<DormandPrinceProgress, void> {
  const { derivative, from, to } = options;
  const systems = new Systems(options);
  const { x, t } = systems;
  if (from === to) return;
  systems.slope.set(await derivative(x, t));
  for (let evaluations = 7; t.some((time) => time !== to); evaluations += 6) {
    const h = systems.steps();
    const trial = await dormandPrinceStep(derivative, x, t, h, systems.slope);
    for (const [i, step] of h.entries()) if (step !== 0) systems.judge(i, step, trial);
    yield { x, t, evaluations };
  }
}

class Systems {
  readonly x: Float64Array;
  readonly t: Float64Array;
  readonly slope: Float64Array;
  /** The step that each would like to take, and whether it was refused a longer one just before. */
  private readonly wished: Float64Array;
  private readonly refused: boolean[];
  private readonly options: DormandPrinceOptions;

  constructor(options: DormandPrinceOptions) {
    const { x, dimensions, from, to } = options;
    this.options = options;
    this.x = Float64Array.from(x);
    this.slope = new Float64Array(x.length);
    const count = x.length / dimensions;
    this.t = new Float64Array(count).fill(from);
    this.wished = new Float64Array(count).fill((to - from) / 20);
    this.refused = Array<boolean>(count).fill(false);
  }

  /** The step that each takes: not beyond the end, and none once there. */
  steps(): Float64Array {
    const { to } = this.options;
    return this.wished.map((h, i) => {
      const left = to - this.t[i]!;
      return Math.abs(h) < Math.abs(left) ? h : left;
    });
  }

  /** Accepts a system's trial if its error is within tolerance, and chooses the next step (Hairer, Nørsett & Wanner 1993, II.4). */
  judge(i: number, h: number, trial: Trial): void {
    const { to } = this.options;
    const error = this.errorOf(i, trial);
    const accepted = error <= 1;
    const most = accepted && !this.refused[i] ? 10 : 1;
    // An error that is not a number shrinks the step.
    const factor = error >= 0 ? Math.min(most, Math.max(0.2, 0.9 * error ** -0.2)) : 0.2;
    this.wished[i] = h * factor;
    this.refused[i] = !accepted;
    if (accepted) this.move(i, h, trial);
    else if (this.t[i]! + this.wished[i]! / 16 === this.t[i])
      throw new UserError(
        `rk45: expected steps to meet the tolerance, but they shrink to nothing at ${this.t[i]} on the way to ${to}; use a larger tolerance`,
      );
  }

  private move(i: number, h: number, trial: Trial): void {
    const { to, dimensions } = this.options;
    this.t[i] = h === to - this.t[i]! ? to : this.t[i]! + h;
    for (let at = i * dimensions; at < (i + 1) * dimensions; at++) {
      this.x[at] = trial.x[at]!;
      this.slope[at] = trial.slope[at]!;
    }
  }

  /** The root mean square over coordinates of the error in units of its tolerance. */
  private errorOf(i: number, trial: Trial): number {
    const { dimensions, relativeTolerance, absoluteTolerance } = this.options;
    let squares = 0;
    for (let at = i * dimensions; at < (i + 1) * dimensions; at++) {
      const size = Math.max(Math.abs(this.x[at]!), Math.abs(trial.x[at]!));
      squares += (trial.error[at]! / (absoluteTolerance + relativeTolerance * size)) ** 2;
    }
    return Math.sqrt(squares / dimensions);
  }
}
