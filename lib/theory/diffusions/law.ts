// Diffusions in plain numbers: draws of x_t, and the terms of Sohl-Dickstein's bound K for one value of a sample, in bits.
import type { RandomStream } from "../../random.ts";
import {
  bernoulliEntropy,
  bernoulliKl,
  binomialEntropy,
  binomialPosterior,
  binomialSignal,
  gaussianEntropy,
} from "../diffusion-entropies.ts";
import { discreteSchedule, noiseVariance, posteriorMean } from "../schedules/discrete-schedule.ts";
import { BITS, gaussianKl } from "../vlb.ts";

type Random = Pick<RandomStream, "normal" | "uniform">;

/** A value's state at t. */
interface State {
  readonly t: number;
  readonly x0: number;
  readonly xt: number;
}

/** The terms that the model has no part in, for one value, in bits. */
interface Ends {
  /** H_q(X_T | X_0). */
  readonly end: number;
  /** H_q(X_1 | X_0). */
  readonly start: number;
  /** H_p(X_T), as E_q[-log pi(x_T)] + E_q[log pi(x_1) - log pi(x_0)], which it is for data of pi's own variance. */
  readonly prior: number;
}

export interface DiffusionLaw {
  /** T. */
  readonly steps: number;
  /** The numbers of p(x_(t-1) | x_t), by the names of the graph's outputs. */
  readonly says: readonly string[];
  /** A draw of q(x_t | x_0). */
  noisy(x0: number, t: number, random: Random): number;
  /** KL(q(x_(t-1) | x_t, x_0) ‖ p(x_(t-1) | x_t)) in bits, for what the model says of value number i. */
  divergence(state: State, said: readonly ArrayLike<number>[], i: number): number;
  ends(x0: number): Ends;
  /** Bits of a value under independent values of the law that a mean has: fair for Gaussians, as frequent for bits. */
  unlearned(x0: number, mean: number): number;
}

/** Gaussian diffusion with beta_1..beta_T. Throws UserError when one is not in (0, 1). */
export function gaussianLaw(betas: readonly number[]): DiffusionLaw {
  const chain = discreteSchedule(betas);
  const { steps, alphaBars } = chain;
  const left = alphaBars[steps]!;
  const times = [...alphaBars.keys()];
  const means = times.map((t) => (t === 0 ? { x0: 1, xt: 0 } : posteriorMean(chain, t)));
  const logVariances = times.map((t) => Math.log(chain.posteriorVariances[t]!));
  return {
    steps,
    says: ["mean", "variance"],
    noisy: (x0, t, random) =>
      Math.sqrt(alphaBars[t]!) * x0 + Math.sqrt(noiseVariance(chain, t)) * random.normal(),
    divergence({ t, x0, xt }, [mean, variance], i) {
      const of = means[t]!;
      const q = { mean: of.x0 * x0 + of.xt * xt, logVariance: logVariances[t]! };
      return BITS * gaussianKl(q, { mean: mean![i]!, logVariance: Math.log(variance![i]!) });
    },
    ends(x0) {
      const excess = x0 ** 2 - 1;
      return {
        end: BITS * gaussianEntropy(noiseVariance(chain, steps)),
        start: BITS * gaussianEntropy(betas[0]!),
        prior: BITS * (gaussianEntropy(1) + (excess * (left + betas[0]!)) / 2),
      };
    },
    unlearned: (x0) => BITS * (gaussianEntropy(1) + (x0 ** 2 - 1) / 2),
  };
}

/** Binomial diffusion of bits, which are -1 and 1. */
export function binomialLaw(steps: number): DiffusionLaw {
  // P(x_(t-1) ≠ x_t) of bits that are not what they were at first, and of those that are.
  const flips = [0, 1].map((kept) =>
    Float64Array.from({ length: steps + 1 }, (_, t) =>
      t === 0 ? 0 : binomialPosterior(0, 1 - kept, t, steps),
    ),
  );
  return {
    steps,
    says: ["flip"],
    noisy: (x0, t, random) => (random.uniform() < (1 + x0 * binomialSignal(t, steps)) / 2 ? 1 : -1),
    divergence: ({ t, x0, xt }, [flip], i) => bernoulliKl(flips[Number(x0 === xt)]![t]!, flip![i]!),
    ends: () => ({ end: binomialEntropy(steps, steps), start: binomialEntropy(1, steps), prior: 1 }),
    unlearned: (_, mean) => bernoulliEntropy((1 + mean) / 2),
  };
}
