// Adam's bias corrections as plain numbers, so that the optimizer graph needs no step counter.

interface AdamBetas {
  readonly beta1: number;
  readonly beta2: number;
}

/** Divisors of both moments after `step` updates, counted from 1: 1 - beta^step (Kingma & Ba 2015, Algorithm 1). */
export const adamCorrections = (
  { beta1, beta2 }: AdamBetas,
  step: number,
): { first: number; second: number } => ({
  first: 1 - beta1 ** step,
  second: 1 - beta2 ** step,
});
