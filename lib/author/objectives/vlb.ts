// DDPM's variational bound on -log p(x_0) as a loss: one of its terms at a time, for fixed and for learned variances.
import {
  add,
  div,
  exp,
  greater,
  log,
  minimum,
  mul,
  neg,
  perSample,
  softplus,
  square,
  sub,
  where,
} from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Objective, ReverseStep } from "./objective.ts";
import { meanOverSample, perturb } from "./perturb.ts";

interface Variance {
  readonly summary: string;
  readonly needs: "chain" | "variance";
  /** log of the variance of p(x_(t-1) | x_t), which broadcasts over x. */
  log(reverse: ReverseStep, noisy: Tensor): Tensor;
}

/** The two fixed variances (Ho et al. 2020, section 3.2), and the learned one between them (Nichol & Dhariwal 2021, Eq. 15). */
const variances = {
  beta: {
    summary: "variances fixed to beta",
    needs: "chain",
    log: ({ log_beta }, noisy) => perSample(log_beta, noisy),
  },
  posterior: {
    summary: "variances fixed to beta~",
    needs: "chain",
    log: ({ log_posterior }, noisy) => perSample(log_posterior, noisy),
  },
  learned: { summary: "variances learned", needs: "variance", log: learnedLogVariance },
} satisfies Record<string, Variance>;

/** The log variance that a network has learned, of noisy samples and in their shape. Throws for a network that learns none. */
export function learnedLogVariance(reverse: ReverseStep, noisy: Tensor): Tensor {
  const fraction = reverse.fraction(noisy);
  if (!fraction)
    throw new Error("vlb: expected a network that learns variances; use vlb-beta or vlb-posterior");
  const [upper, lower] = [reverse.log_beta, reverse.log_posterior].map((each) => perSample(each, noisy));
  return add(lower!, mul(fraction, sub(upper!, lower!)));
}

interface Place {
  readonly reverse: ReverseStep;
  /** The data and what the model takes them for. */
  readonly x: Tensor;
  readonly denoised: Tensor;
  readonly logVariance: Tensor;
}

/**
 * T times L_(t-1), or L_0 at t = 1, in nats per dimension, [B]: over uniform t in 1..T its mean is the bound without L_T, which
 * nothing is learned from (Ho et al. 2020, Eq. 5; Nichol & Dhariwal 2021, Eq. 4).
 */
export function boundTerms(place: Place): Tensor {
  const { reverse, x } = place;
  const decodes = greater(perSample(reverse.decodes, x), 0.5);
  return mul(reverse.terms, meanOverSample(where(decodes, decoding(place), divergence(place))));
}

/** KL(q(x_(t-1) | x_t, x_0) ‖ p(x_(t-1) | x_t)) of each value; the means differ by c_x0 (x_0 - D) (Ho et al. 2020, Eq. 7). */
function divergence({ reverse, x, denoised, logVariance }: Place): Tensor {
  const difference = sub(perSample(reverse.log_posterior, x), logVariance);
  const squares = square(mul(perSample(reverse.c_x0, x), sub(x, denoised)));
  const shapes = sub(sub(exp(difference), 1), difference);
  return mul(add(shapes, mul(squares, exp(neg(logVariance)))), 0.5);
}

/** -log p(x_0 | x_1) of each value: images [B,C,H,W] have 256 values, points [B,D] a density. */
const decoding = (place: Place): Tensor => (place.x.shape.length === 4 ? pixel(place) : point(place));

const point = ({ x, denoised, logVariance }: Place): Tensor =>
  mul(
    add(add(mul(square(sub(x, denoised)), exp(neg(logVariance))), logVariance), Math.log(2 * Math.PI)),
    0.5,
  );

/** Beyond it a bin's probability counts as this, and nothing is learned from it (Ho et al. 2020, in code). */
const floorOfProbability = 1e-12;

/**
 * A bin 2/255 wide under N(D, variance), the outer ones open (Ho et al. 2020, Eq. 13), with the authors' tanh in place of erf. Their
 * distribution function is then a sigmoid of `logit`, and -log(sigmoid(a) - sigmoid(b)) = softplus(-a) + softplus(b) - log(1 - exp(b - a))
 * keeps in either tail the digits that the difference would lose.
 */
function pixel({ x, denoised, logVariance }: Place): Tensor {
  const std = exp(mul(logVariance, 0.5));
  const edge = (side: number) => div(add(sub(x, denoised), side / 255), std);
  const [upper, lower] = [edge(1), edge(-1)];
  const below = softplus(neg(logit(upper)));
  const above = softplus(logit(lower));
  const width = logitDifference(div(2 / 255, std), upper, lower);
  const inner = sub(add(below, above), log(sub(1, exp(neg(width)))));
  const bin = where(greater(x, 0.999), above, where(greater(-0.999, x), below, inner));
  return minimum(bin, -Math.log(floorOfProbability));
}

/** The normal distribution function is about sigmoid(logit(u)) = (1 + tanh(sqrt(2/pi) (u + 0.044715 u³))) / 2 (Page 1977). */
const logit = (u: Tensor): Tensor => mul(mul(u, add(mul(square(u), cubic), 1)), slope);
const [slope, cubic] = [2 * Math.sqrt(2 / Math.PI), 0.044715];

/** logit(u) - logit(v) by way of u - v, so that nothing is lost where both are large. */
const logitDifference = (difference: Tensor, u: Tensor, v: Tensor): Tensor =>
  mul(mul(difference, add(mul(add(add(square(u), mul(u, v)), square(v)), cubic), 1)), slope);

/** The bound itself, with a learned variance or one of the two that are fixed. No weight applies to it. */
export function vlb(name: keyof typeof variances): Objective {
  const { summary, needs, log: logVarianceOf }: Variance = variances[name];
  return {
    summary: `DDPM's bound on the likelihood, ${summary}`,
    source: "Ho et al. 2020; Nichol & Dhariwal 2021",
    backwardPasses: "1",
    needs,
    weighs: true,
    clean: false,
    draws: { z: "normal" },
    loss(_, { x, sigma, draws, reverse }) {
      const noisy = perturb(x, sigma, draws.z!);
      const logVariance = logVarianceOf(reverse, noisy);
      return boundTerms({ reverse, x, denoised: reverse.denoised(noisy), logVariance });
    },
  };
}
