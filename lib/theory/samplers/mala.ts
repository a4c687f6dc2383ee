// The Metropolis-adjusted Langevin algorithm: Langevin steps as proposals, accepted so that the density is kept exactly.
import { UserError } from "../../errors.ts";
import { type RandomStream, stream } from "../../random.ts";

/** Of each of n points: log p up to a constant, [n], and its gradient, [n*D]. */
export interface Evaluation {
  readonly logp: ArrayLike<number>;
  readonly score: ArrayLike<number>;
}

export interface MalaOptions {
  /** Evaluates all points of an [n*D] array, which it must neither keep nor change. */
  readonly target: (x: Float64Array) => Promise<Evaluation>;
  /** Where the chains start, [n*D]. */
  readonly x: ArrayLike<number>;
  readonly dimensions: number;
  /** alpha of the proposal x + alpha score + sqrt(2 alpha) z. */
  readonly stepSize: number;
  readonly steps: number;
  readonly seed: number;
  /** Chains are numbered from here: chain i of a seed is the same in whatever company. */
  readonly firstIndex?: number | undefined;
}

export interface MalaProgress {
  readonly step: number;
  readonly steps: number;
  /** Where the chains are, [n*D]; the same array at every step. */
  readonly x: Float64Array;
  /** The accepted share of the proposals so far; 0.574 is the most efficient in many dimensions (Roberts & Rosenthal 1998). */
  readonly acceptance: number;
}

/** Yields after every step (Besag 1994; Roberts & Tweedie 1996). Throws UserError on a bad step size and a start without density. */
export async function* mala(options: MalaOptions): AsyncGenerator<MalaProgress, void> {
  const { target, steps, stepSize } = options;
  if (!(stepSize > 0 && stepSize < Infinity))
    throw new UserError(`mala: expected a step size above 0, got ${stepSize}`);
  const chains = new Chains(options);
  chains.start(await target(chains.x));
  let accepted = 0;
  for (let step = 1; step <= steps; step++) {
    const proposals = chains.propose();
    accepted += chains.accept(proposals, await target(proposals));
    yield { step, steps, x: chains.x, acceptance: accepted / (step * chains.count) };
  }
}

class Chains {
  readonly x: Float64Array;
  readonly count: number;
  private readonly dimensions: number;
  private readonly alpha: number;
  private readonly random: readonly RandomStream[];
  private readonly logp: Float64Array;
  private readonly score: Float64Array;

  constructor({ x, dimensions, stepSize, seed, firstIndex = 0 }: MalaOptions) {
    this.x = Float64Array.from(x);
    this.dimensions = dimensions;
    this.alpha = stepSize;
    this.count = x.length / dimensions;
    this.random = Array.from({ length: this.count }, (_, i) => stream(seed, "mala", firstIndex + i));
    this.logp = new Float64Array(this.count);
    this.score = new Float64Array(x.length);
  }

  start({ logp, score }: Evaluation): void {
    this.logp.set(logp);
    this.score.set(score);
    const lost = this.logp.findIndex((value) => !Number.isFinite(value));
    if (lost >= 0)
      throw new UserError(
        `mala: expected chains to start where log p is finite, got ${this.logp[lost]} at chain ${lost}`,
      );
  }

  propose(): Float64Array {
    const { x, score, alpha, dimensions } = this;
    const spread = Math.sqrt(2 * alpha);
    return x.map(
      (value, at) => value + alpha * score[at]! + spread * this.random[Math.floor(at / dimensions)]!.normal(),
    );
  }

  /** Moves the chains whose proposals are accepted, and counts them. */
  accept(proposals: Float64Array, { logp, score }: Evaluation): number {
    const { dimensions } = this;
    let accepted = 0;
    for (const [i, random] of this.random.entries()) {
      const logRatio = logp[i]! - this.logp[i]! + this.logProposalRatio(i, proposals, score);
      // 1 - u is in (0, 1]; a ratio that is not a number is refused.
      if (!(Math.log(1 - random.uniform()) <= logRatio)) continue;
      accepted++;
      this.logp[i] = logp[i]!;
      for (let at = i * dimensions; at < (i + 1) * dimensions; at++) {
        this.x[at] = proposals[at]!;
        this.score[at] = score[at]!;
      }
    }
    return accepted;
  }

  // log q(x | x') - log q(x' | x) of the proposals q(x' | x) = N(x + alpha score(x), 2 alpha I).
  private logProposalRatio(i: number, proposals: Float64Array, score: ArrayLike<number>): number {
    const { dimensions, alpha } = this;
    let difference = 0;
    for (let at = i * dimensions; at < (i + 1) * dimensions; at++) {
      const move = proposals[at]! - this.x[at]!;
      difference += (move - alpha * this.score[at]!) ** 2 - (move + alpha * score[at]!) ** 2;
    }
    return difference / (4 * alpha);
  }
}
