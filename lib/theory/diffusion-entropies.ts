// Sohl-Dickstein's bound K on the log-likelihood: entropies and posteriors of Gaussian and binomial diffusions.

/**
 * K = -sum of KL(q(x_(t-1) | x_t, x_0) ‖ p(x_(t-1) | x_t)) over t = 2..T + H_q(X_T | X_0) - H_q(X_1 | X_0) - H_p(X_T), all of one unit
 * (Sohl-Dickstein et al. 2015, Eq. 14). Of the exact reverse process, when nothing is left of the data at T, it is -H(X_1).
 */
export interface BoundTerms {
  /** Expectations over the data and their noise, for t = 2..T. */
  readonly divergences: Iterable<number>;
  /** H_q(X_T | X_0) and H_q(X_1 | X_0). */
  readonly end: number;
  readonly start: number;
  /** H_p(X_T). */
  readonly prior: number;
}

/** K, a lower bound on the log-likelihood. */
export function boundK({ divergences, end, start, prior }: BoundTerms): number {
  let sum = 0;
  for (const divergence of divergences) sum += divergence;
  return -sum + end - start - prior;
}

/** Of one dimension in nats: (1 + log 2 pi v) / 2. */
export const gaussianEntropy = (variance: number): number => (1 + Math.log(2 * Math.PI * variance)) / 2;

/** Of one bit that is 1 with probability p, in bits. */
export const bernoulliEntropy = (p: number): number => surprise(p) + surprise(1 - p);

/** KL(p ‖ q) of one bit in bits; infinite where q excludes what p does not. */
export const bernoulliKl = (p: number, q: number): number => gain(p, q) + gain(1 - p, 1 - q);

const surprise = (p: number): number => (p > 0 ? -p * Math.log2(p) : 0);

const gain = (p: number, q: number): number => (p > 0 ? p * Math.log2(p / q) : 0);

/** beta_t = 1 / (T - t + 1), which erases 1/T of the signal in each step (Sohl-Dickstein et al. 2015, section 2.4.1). */
export const binomialBeta = (t: number, steps: number): number => 1 / (steps - t + 1);

/** What is left of a bit at t with those betas, prod (1 - beta_s) = (T - t) / T. */
export const binomialSignal = (t: number, steps: number): number => (steps - t) / steps;

/** P(x_t = 1 | x): `signal` of x is kept, the rest tossed (Sohl-Dickstein et al. 2015, Table App.1); one step has signal 1 - beta. */
export const binomialForward = (x: number, signal: number): number => x * signal + (1 - signal) / 2;

/** P(x_(t-1) = 1 | x_t, x_0) of one bit, by Bayes. */
export function binomialPosterior(xt: number, x0: number, t: number, steps: number): number {
  const prior = binomialForward(x0, binomialSignal(t - 1, steps));
  const keep = 1 - binomialBeta(t, steps);
  const likelihood = (x: number): number => {
    const one = binomialForward(x, keep);
    return xt === 1 ? one : 1 - one;
  };
  const one = prior * likelihood(1);
  return one / (one + (1 - prior) * likelihood(0));
}

/** H_q(X_t | X_0) of one bit in bits. */
export const binomialEntropy = (t: number, steps: number): number =>
  bernoulliEntropy(binomialForward(1, binomialSignal(t, steps)));
