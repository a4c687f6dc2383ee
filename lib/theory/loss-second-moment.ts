// The loss-second-moment sampler: times of a chain drawn the more often the larger their losses are, and weighed for it.
import type { RandomStream } from "../random.ts";

export interface LossSecondMomentOptions {
  /** T. */
  readonly steps: number;
  /** How many of the last losses at each time count. */
  readonly history: number;
  /** The share of draws that are uniform, so that no time is forgotten. */
  readonly uniform: number;
}

/** Nichol & Dhariwal's own: a history of 10 and a share of 0.001 (2021, section 3.3 and in code). */
export const usualHistory = { history: 10, uniform: 0.001 };

/** The losses of a chain's times so far, and how often each time is therefore drawn. The arrays are the caller's, and written to. */
export class LossSecondMoment {
  private readonly options: LossSecondMomentOptions;
  /** [T*history], the newest of each time last. */
  private readonly losses: Float32Array;
  /** [T], how many losses of each time are known. */
  private readonly counts: Float32Array;

  constructor(options: LossSecondMomentOptions, losses: Float32Array, counts: Float32Array) {
    this.options = options;
    this.losses = losses;
    this.counts = counts;
  }

  /**
   * p_t of t = 1..T, proportional to sqrt(E L_t²) but for the uniform share; uniform until every time has its whole history
   * (Nichol & Dhariwal 2021, Eq. 18).
   */
  probabilities(): Float64Array {
    const { steps, history, uniform } = this.options;
    const even = 1 / steps;
    if (this.counts.some((count) => count < history)) return new Float64Array(steps).fill(even);
    const roots = Float64Array.from({ length: steps }, (_, i) => {
      const own = this.losses.subarray(i * history, (i + 1) * history);
      return Math.sqrt(own.reduce((sum, loss) => sum + loss ** 2, 0) / history);
    });
    const total = roots.reduce((sum, root) => sum + root, 0);
    // Losses that are all 0 tell no time from another.
    return total > 0
      ? roots.map((root) => (1 - uniform) * (root / total) + uniform * even)
      : roots.fill(even);
  }

  /** Remembers a loss at time t; one that is not finite, of a step that counts for nothing, is forgotten. */
  record(t: number, loss: number): void {
    if (!Number.isFinite(loss)) return;
    const { history } = this.options;
    const own = this.losses.subarray((t - 1) * history, t * history);
    own.copyWithin(0, 1);
    own[history - 1] = loss;
    this.counts[t - 1] = Math.min(history, this.counts[t - 1]! + 1);
  }
}

export interface DrawnTime {
  readonly t: number;
  /** 1 / (T p_t), with which the loss keeps the mean that it has over uniform times. */
  readonly importance: number;
}

/** Draws times 1..T with these probabilities. */
export function timeDraw(probabilities: Float64Array): (random: Pick<RandomStream, "uint32">) => DrawnTime {
  let sum = 0;
  const ends = probabilities.map((p) => (sum += p));
  const steps = probabilities.length;
  return (random) => {
    const place = (random.uint32() / 2 ** 32) * sum;
    const found = ends.findIndex((end) => place < end);
    const i = found < 0 ? steps - 1 : found;
    return { t: i + 1, importance: 1 / (steps * probabilities[i]!) };
  };
}
