// Sohl-Dickstein's bound on processes that are known exactly: bits, the heartbeat, and Gaussians.
import { expect, test } from "bun:test";
import {
  bernoulliEntropy,
  bernoulliKl,
  binomialBeta,
  binomialEntropy,
  binomialForward,
  binomialPosterior,
  binomialSignal,
  boundK,
  gaussianEntropy,
} from "../../lib/theory/diffusion-entropies.ts";
import { noiseVariance, posteriorMean } from "../../lib/theory/schedules/discrete-schedule.ts";
import { openSchedule } from "../../lib/theory/schedules/index.ts";
import { gaussianKl } from "../../lib/theory/vlb.ts";

test("entropies and divergences of a bit", () => {
  expect([0, 0.5, 1].map(bernoulliEntropy)).toEqual([0, 1, 0]);
  expect(bernoulliEntropy(0.11)).toBeCloseTo(0.499916, 6);
  expect(bernoulliKl(0.3, 0.3)).toBe(0);
  expect(bernoulliKl(0.75, 0.5)).toBeCloseTo(1 - bernoulliEntropy(0.75), 14);
  expect([bernoulliKl(0, 0.5), bernoulliKl(1, 0.25), bernoulliKl(0.5, 0)]).toEqual([1, 2, Infinity]);
});

test("betas erase the same part of the signal in each step", () => {
  expect([binomialBeta(1, 2000), binomialBeta(2000, 2000)]).toEqual([5e-4, 1]);
  let signal = 1;
  for (let t = 1; t <= 2000; t++) {
    signal *= 1 - binomialBeta(t, 2000);
    expect(binomialSignal(t, 2000)).toBeCloseTo(signal, 12);
  }
  expect(binomialEntropy(2000, 2000)).toBe(1);
  expect(binomialEntropy(1, 2000)).toBeCloseTo(bernoulliEntropy(1 / 4000), 12);
});

// All paths of a bit through a chain of four steps.
test("marginals and posteriors of a bit, by enumeration", () => {
  const T = 4;
  const step = (from: number, to: number, t: number): number => {
    const one = from * (1 - binomialBeta(t, T)) + binomialBeta(t, T) / 2;
    return to === 1 ? one : 1 - one;
  };
  for (const x0 of [0, 1]) {
    const joint = new Map<string, number>();
    for (let path = 0; path < 16; path++) {
      const x = [x0, ...[0, 1, 2, 3].map((i) => (path >> i) & 1)];
      const p = [1, 2, 3, 4].reduce((product, t) => product * step(x[t - 1]!, x[t]!, t), 1);
      for (let t = 1; t <= T; t++) {
        const key = `${t}:${x[t - 1]}${x[t]}`;
        joint.set(key, (joint.get(key) ?? 0) + p);
      }
    }
    for (let t = 1; t <= T; t++)
      for (const xt of [0, 1]) {
        const [zero, one] = [joint.get(`${t}:0${xt}`) ?? 0, joint.get(`${t}:1${xt}`) ?? 0];
        const marginal = binomialForward(x0, binomialSignal(t, T));
        expect(zero + one).toBeCloseTo(xt === 1 ? marginal : 1 - marginal, 14);
        expect(binomialPosterior(xt, x0, t, T)).toBeCloseTo(one / (zero + one), 14);
      }
  }
});

// The heartbeat: 20 bits, every fifth of them 1, in five phases (Sohl-Dickstein et al. 2015, section 3.1.2). The bits of a phase are
// exchangeable, so that a state is how many of each phase's four bits are 1: 5^5 states in the place of 2^20.
const PHASES = [0, 1, 2, 3, 4];
const choose = [1, 4, 6, 4, 1];
const states = Array.from({ length: 5 ** 5 }, (_, i) => PHASES.map((j) => Math.floor(i / 5 ** j) % 5));

/** For data of phase 0: the probability of each state at t, and of each phase given the state. */
function* visited(t: number, T: number) {
  const one = binomialForward(1, binomialSignal(t, T));
  for (const state of states) {
    const p = state.reduce((product, n, j) => {
      const q = j === 0 ? one : 1 - one;
      return product * choose[n]! * q ** n * (1 - q) ** (4 - n);
    }, 1);
    const odds = state.map((n) => (one / (1 - one)) ** (2 * n));
    const sum = odds.reduce((total, value) => total + value, 0);
    yield { state, p, phases: odds.map((value) => value / sum) };
  }
}

/** E KL of the posterior from the best model whose bits are independent given x_t, P(x_(t-1) bit = 1 | x_t) each. */
function divergence(t: number, T: number): number {
  const posterior = [0, 1].map((xt) => [0, 1].map((x0) => binomialPosterior(xt, x0, t, T)));
  let sum = 0;
  for (const { state, p, phases } of visited(t, T))
    for (const [j, n] of state.entries())
      for (const [xt, count] of [4 - n, n].entries()) {
        const [miss, hit] = posterior[xt] as [number, number];
        const model = phases[j]! * hit + (1 - phases[j]!) * miss;
        sum += p * count * bernoulliKl(j === 0 ? hit : miss, model);
      }
  return sum;
}

const boundOfHeartbeat = (T: number): number =>
  boundK({
    divergences: Array.from({ length: T - 1 }, (_, i) => divergence(i + 2, T)),
    end: 20 * binomialEntropy(T, T),
    start: 20 * binomialEntropy(1, T),
    prior: 20,
  });

/** H(X_1): of the phase, and of the bits given the phase, less what the bits leave open of the phase. */
function entropyOfFirst(T: number): number {
  let open = 0;
  for (const { p, phases } of visited(1, T))
    open -= p * phases.reduce((sum, q) => sum + (q > 0 ? q * Math.log2(q) : 0), 0);
  return Math.log2(5) + 20 * binomialEntropy(1, T) - open;
}

// With the joint posterior of all bits K would be -H(X_1) exactly; independent bits lose a little more. Both gaps are O(1/T), but
// for a logarithm in H(X_1).
test("K of a perfect model of the heartbeat approaches -log2 5 bits as T grows", () => {
  const truth = -Math.log2(5);
  const gaps = [10, 40, 160].map((T) => {
    const [bound, joint] = [boundOfHeartbeat(T), -entropyOfFirst(T)];
    expect(bound).toBeLessThan(joint);
    expect(joint).toBeLessThan(truth);
    return { all: truth - bound, independence: joint - bound };
  });
  for (const i of [1, 2]) {
    expect(gaps[i]!.all / gaps[i - 1]!.all).toBeLessThan(0.4);
    expect(gaps[i]!.independence / gaps[i - 1]!.independence).toBeLessThan(0.35);
  }
  expect(gaps[2]!.all).toBeLessThan(0.9);
});

const linear = openSchedule({ name: "ddpm" }).discrete!;

// The divergences of the exact reverse process tell the same of the data at every step as the entropies do in all.
test("K of a perfect model of N(0, 1) is minus its entropy, whatever T", () => {
  for (const chain of [linear, openSchedule({ name: "cosine", steps: 12 }).discrete!]) {
    const divergences = Array.from({ length: chain.steps - 1 }, (_, i) => {
      const t = i + 2;
      const { x0, xt } = posteriorMean(chain, t);
      const off = xt - Math.sqrt(1 - chain.betas[t]!);
      const gap = x0 ** 2 + 2 * x0 * off * Math.sqrt(chain.alphaBars[t]!) + off ** 2;
      const q = { mean: 0, logVariance: Math.log(chain.posteriorVariances[t]!) };
      return gaussianKl(q, { mean: Math.sqrt(gap), logVariance: Math.log(chain.betas[t]!) });
    });
    const bound = boundK({
      divergences,
      end: gaussianEntropy(noiseVariance(chain, chain.steps)),
      start: gaussianEntropy(chain.betas[1]!),
      prior: gaussianEntropy(1),
    });
    expect(bound).toBeCloseTo(-gaussianEntropy(1), 6);
    // With the sum's sign turned, as some texts have it, the bound would exceed the entropy's.
    expect(bound + 2 * divergences.reduce((sum, kl) => sum + kl, 0)).toBeGreaterThan(0);
  }
});

test("the entropy of a Gaussian is -E log p", () => {
  let sum = 0;
  const log = (x: number): number => -(x ** 2) / 0.5 - Math.log(2 * Math.PI * 0.25) / 2;
  for (let x = -6; x <= 6; x += 0.001) sum -= 0.001 * Math.exp(log(x)) * log(x);
  expect(gaussianEntropy(0.25)).toBeCloseTo(sum, 9);
});

// Their code's form: two precisions, of x_0 seen through alpha_bar_(t-1) and of x_t seen through one step.
test("the posterior by precisions is DDPM's", () => {
  for (const t of [2, 77, 1000]) {
    const alpha = 1 - linear.betas[t]!;
    const before = linear.alphaBars[t]! / alpha;
    const [first, second] = [1 / (1 - before), alpha / linear.betas[t]!];
    expect(1 / (first + second) / linear.posteriorVariances[t]!).toBeCloseTo(1, 8);
    const mean = posteriorMean(linear, t);
    expect((first * Math.sqrt(before)) / (first + second) / mean.x0).toBeCloseTo(1, 8);
    expect(second / Math.sqrt(alpha) / (first + second) / mean.xt).toBeCloseTo(1, 8);
  }
});
