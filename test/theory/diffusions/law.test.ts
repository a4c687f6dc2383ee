// Diffusions in plain numbers: draws against simulated chains, and K of perfect models against entropies.
import { describe, expect, test } from "bun:test";
import { stream } from "../../../lib/random.ts";
import {
  bernoulliEntropy,
  binomialBeta,
  binomialForward,
  binomialPosterior,
  binomialSignal,
  boundK,
  gaussianEntropy,
} from "../../../lib/theory/diffusion-entropies.ts";
import { binomialLaw, type DiffusionLaw, gaussianLaw } from "../../../lib/theory/diffusions/law.ts";
import { initialBetaLogit, learnedBetas } from "../../../lib/theory/diffusions/learned-betas.ts";
import { discreteSchedule, noiseVariance } from "../../../lib/theory/schedules/discrete-schedule.ts";
import { BITS } from "../../../lib/theory/vlb.ts";

const bits = [-1, 1];

// 40,000 chains: a share has a standard error of at most .0025; 5 of them are a false alarm of 6e-7 for each of 8 shares.
test("bits drawn at once are 1 as often as bits that went through the chain step by step", () => {
  const [T, count, random] = [12, 40_000, stream(1, "bits")];
  const law = binomialLaw(T);
  for (const t of [1, 4, 9, 12])
    for (const x0 of bits) {
      let [walked, drawn] = [0, 0];
      for (let i = 0; i < count; i++) {
        let x = x0;
        for (let s = 1; s <= t; s++)
          if (random.uniform() < binomialBeta(s, T)) x = random.uniform() < 0.5 ? 1 : -1;
        walked += (x + 1) / 2 / count;
        drawn += (law.noisy(x0, t, random) + 1) / 2 / count;
      }
      expect(Math.abs(walked - drawn)).toBeLessThan(5 * Math.sqrt(0.5 / count));
      expect(Math.abs(drawn - binomialForward((x0 + 1) / 2, binomialSignal(t, T)))).toBeLessThan(5 * 0.0025);
    }
});

test("numbers drawn at once have the moments of a chain of steps", () => {
  const [betas, count, random] = [[0.01, 0.2, 0.1, 0.4], 40_000, stream(2, "numbers")];
  const law = gaussianLaw(betas);
  let [walked, walkedSquare, drawn, drawnSquare] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const x = betas.reduce((now, beta) => Math.sqrt(1 - beta) * now + Math.sqrt(beta) * random.normal(), 1.5);
    const y = law.noisy(1.5, 4, random);
    walked += x / count;
    drawn += y / count;
    walkedSquare += x ** 2 / count;
    drawnSquare += y ** 2 / count;
  }
  // Standard errors: 1/sqrt N of the means, sqrt 6/sqrt N of the squares.
  expect(Math.abs(walked - drawn)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(count));
  expect(Math.abs(walkedSquare - drawnSquare)).toBeLessThan((5 * Math.sqrt(12)) / Math.sqrt(count));
});

/** K of a bit that is 1 with probability p, for a model's P(x_(t-1) ≠ x_t | x_t), by enumeration. */
function boundOfBit(law: DiffusionLaw, p: number, flip: (xt: number, t: number) => number): number {
  const T = law.steps;
  const divergence = (t: number) => {
    let sum = 0;
    for (const x0 of bits)
      for (const xt of bits) {
        const one = binomialForward((x0 + 1) / 2, binomialSignal(t, T));
        const share = (x0 === 1 ? p : 1 - p) * (xt === 1 ? one : 1 - one);
        sum += share * law.divergence({ t, x0, xt }, [[flip(xt, t)]], 0);
      }
    return sum;
  };
  return boundK({ divergences: Array.from({ length: T - 1 }, (_, i) => divergence(i + 2)), ...law.ends(1) });
}

describe("K of a perfect model", () => {
  test("of a bit is minus the entropy of X_1, and approaches that of the data as T grows", () => {
    const p = 0.2;
    const gaps = [4, 16, 64].map((T) => {
      const perfect = (xt: number, t: number): number => {
        const odds = (x0: number) => {
          const one = binomialForward(x0, binomialSignal(t, T));
          return xt === 1 ? one : 1 - one;
        };
        const first = (p * odds(1)) / (p * odds(1) + (1 - p) * odds(0));
        const state = (xt + 1) / 2;
        const one = [0, 1].map((x0) => binomialPosterior(state, x0, t, T));
        const next = first * one[1]! + (1 - first) * one[0]!;
        return xt === 1 ? 1 - next : next;
      };
      const law = binomialLaw(T);
      const bound = boundOfBit(law, p, perfect);
      expect(bound).toBeCloseTo(-bernoulliEntropy(binomialForward(p, binomialSignal(1, T))), 12);
      // Any other model is worse.
      expect(boundOfBit(law, p, (xt, t) => 0.9 * perfect(xt, t))).toBeLessThan(bound - 1e-3);
      return -bernoulliEntropy(p) - bound;
    });
    expect(gaps[0]! / gaps[1]!).toBeGreaterThan(3);
    expect(gaps[1]! / gaps[2]!).toBeGreaterThan(3);
  });

  // Data N(0, v): q(x_(t-1) | x_t) is known, and with it the divergence's expectation in closed form.
  for (const v of [1, 0.3])
    test(`of N(0, ${v}) is minus the entropy of X_1, less what x_T and pi's variance lose`, () => {
      const betas = learnedBetas(0.02, [0.03, -0.02, 0.01, 0, 0.05]);
      const [law, chain] = [gaussianLaw(betas), discreteSchedule(betas)];
      const varianceAt = (t: number) => chain.alphaBars[t]! * v + noiseVariance(chain, t);
      const divergence = (t: number): number => {
        const beta = betas[t - 1]!;
        const variance = (varianceAt(t - 1) * beta) / varianceAt(t);
        const mean = (xt: number) => (Math.sqrt(1 - beta) * varianceAt(t - 1) * xt) / varianceAt(t);
        // The divergence is quadratic in (x_0, x_t), so that averages over sign and size of a few points are exact.
        let sum = 0;
        for (const a of bits)
          for (const b of bits) {
            const x0 = Math.sqrt(v) * a;
            const xt = Math.sqrt(chain.alphaBars[t]!) * x0 + Math.sqrt(noiseVariance(chain, t)) * b;
            sum += law.divergence({ t, x0, xt }, [[mean(xt)], [variance]], 0) / 4;
          }
        return sum;
      };
      const divergences = betas.slice(1).map((_, i) => divergence(i + 2));
      const bound = boundK({ divergences, ...law.ends(Math.sqrt(v)) });
      const last = varianceAt(betas.length);
      const lost = (last - 1 - Math.log(last)) / 2 + (v - varianceAt(1)) / 2;
      expect(bound / BITS).toBeCloseTo(-gaussianEntropy(varianceAt(1)) - lost, 10);
    });
});

test("betas start so that each step takes the same part of the data's variance", () => {
  const chain = discreteSchedule([
    1 / 8,
    ...Array.from({ length: 6 }, (_, i) => 1 / (1 + Math.exp(-initialBetaLogit(i + 2, 7)))),
  ]);
  for (let t = 1; t <= 7; t++) expect(chain.alphaBars[t]!).toBeCloseTo(1 - t / 8, 12);
  expect(learnedBetas(1 / 8, new Float32Array(6))).toEqual([...chain.betas.slice(1)]);
});

test("independent values cost bits as often as they are, and numbers a standard normal density", () => {
  expect(binomialLaw(4).unlearned(1, -0.6)).toBeCloseTo(bernoulliEntropy(0.2), 12);
  expect(gaussianLaw([0.1, 0.2]).unlearned(1.5, 9) / BITS).toBeCloseTo(
    1.5 ** 2 / 2 + Math.log(2 * Math.PI) / 2,
    12,
  );
});
