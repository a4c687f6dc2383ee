// The standard normal distribution function, to about 1e-15.

/** P(z <= x) of a standard normal, with full relative accuracy in the lower tail. */
export const normalCdf = (x: number): number => erfc(-x * Math.SQRT1_2) / 2;

/** Complementary error function, relative error below 1e-13. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < 2 ? 1 - erfBySeries(x) : erfcByFraction(x);
}

// erf(x) = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!; all terms are positive (Abramowitz & Stegun 7.1.6).
function erfBySeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// erfc(x) = exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), from the inside out (A & S 7.1.14).
function erfcByFraction(x: number): number {
  let tail = x;
  for (let k = 120; k >= 1; k--) tail = x + k / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
