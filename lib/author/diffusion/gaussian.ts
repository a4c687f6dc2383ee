// Gaussian diffusion whose betas are learned along with the mean and the variance of each reverse step.
import { betaOffsetsName } from "../../artifact/diffusion.ts";
import { betaStride, initialBetaLogit } from "../../theory/diffusions/learned-betas.ts";
import { constant } from "../graph/constant.ts";
import {
  add,
  cast,
  concat,
  div,
  equal,
  exp,
  gather,
  log,
  matmul,
  mul,
  neg,
  perSample,
  reshape,
  sigmoid,
  softplus,
  split,
  sqrt,
  square,
  sub,
  tanh,
  where,
} from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Parameters, zeros } from "../nn/parameters.ts";
import { meanOverSample } from "../objectives/perturb.ts";
import type { Chain, DiffusionKernel } from "./kernel.ts";

interface Law {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly logVariance: Tensor;
}

/**
 * x_t = sqrt(abar_t)·x_0 + sqrt(1 - abar_t)·eps with sigmoids of parameters as beta_2..beta_T. The network answers m and h, and
 * p(x_(t-1) | x_t) = N(sqrt(1 - beta_t)·x_t + sqrt(beta_t)·m, sigmoid(logit beta_t + h/sqrt T)) (Sohl-Dickstein et al. 2015, in code).
 */
export const gaussian = (steps: number, firstBeta: number): DiffusionKernel => ({
  noise: "normal",
  loss(chain, x0, noise) {
    const tables = tablesOf(chain.p, steps, firstBeta);
    const at = levelAt(tables, chain, x0);
    const xt = add(mul(sqrt(exp(at.logLeft)), x0), mul(sqrt(lost(at.logLeft)), noise));
    const divergence = mul(
      meanOverSample(klOfNormals(posterior(at, x0, xt), modelOf(chain, at, xt, steps))),
      steps - 1,
    );
    return div(add(divergence, ends(tables, x0, firstBeta)), Math.LN2);
  },
  step(chain, xt, noise) {
    const at = levelAt(tablesOf(chain.p, steps, firstBeta), chain, xt);
    const { mean, variance } = modelOf(chain, at, xt, steps);
    return { x_next: add(mean, mul(sqrt(variance), noise)), mean, variance };
  },
});

/** logit beta_t and log abar_t for t = 0..T, [T+1]; there is no beta_0. */
function tablesOf(p: Parameters, steps: number, firstBeta: number) {
  const initial = Float32Array.from({ length: steps - 1 }, (_, i) => initialBetaLogit(i + 2, steps));
  const learned = add(mul(p.get(betaOffsetsName, [steps - 1], zeros), betaStride), constant(initial));
  // Row t sums up to its own column.
  const sums = Float32Array.from({ length: (steps - 1) ** 2 }, (_, i) =>
    Number(i % (steps - 1) <= Math.floor(i / (steps - 1))),
  );
  const logKept = reshape(neg(softplus(learned)), [steps - 1, 1]);
  const left = reshape(matmul(constant(sums, [steps - 1, steps - 1]), logKept), [steps - 1]);
  const first = Math.log1p(-firstBeta);
  return {
    betaLogits: concat([constant(Float32Array.of(0, Math.log(firstBeta) - first)), learned], 0),
    logLefts: concat([constant(Float32Array.of(0, first)), add(left, first)], 0),
  };
}

type Tables = ReturnType<typeof tablesOf>;

/** What the tables say at each sample's time, to be combined with samples like x. */
function levelAt({ betaLogits, logLefts }: Tables, { t }: Chain, x: Tensor) {
  const at = (table: Tensor, times: Tensor) => perSample(gather(table, times), x);
  const before = sub(t, constant(Int32Array.of(1)));
  return {
    betaLogit: at(betaLogits, t),
    logLeft: at(logLefts, t),
    logLeftBefore: at(logLefts, before),
    isFirst: perSample(equal(cast(t, "float32"), 1), x),
  };
}

type Level = ReturnType<typeof levelAt>;

/** 1 - exp(log abar), without the digits that go where abar is near 1. */
function lost(logLeft: Tensor): Tensor {
  const half = tanh(mul(logLeft, -0.5));
  return div(mul(half, 2), add(half, 1));
}

/** q(x_(t-1) | x_t, x_0) (Ho et al. 2020, Eq. 7). */
function posterior({ betaLogit, logLeft, logLeftBefore }: Level, x0: Tensor, xt: Tensor): Law {
  const [beta, noise, noiseBefore] = [sigmoid(betaLogit), lost(logLeft), lost(logLeftBefore)];
  const ofData = div(mul(sqrt(exp(logLeftBefore)), beta), noise);
  const ofState = div(mul(sqrt(sigmoid(neg(betaLogit))), noiseBefore), noise);
  const variance = div(mul(noiseBefore, beta), noise);
  return { mean: add(mul(ofData, x0), mul(ofState, xt)), variance, logVariance: log(variance) };
}

/** p(x_(t-1) | x_t); at t = 1 the kernel's own, which is its reverse (Sohl-Dickstein et al. 2015, section 2.3). */
function modelOf(chain: Chain, { betaLogit, isFirst }: Level, xt: Tensor, steps: number): Law {
  const channels = xt.shape[1]!;
  const [m, h] = split(chain.predict(xt), [channels, channels], 1).map((part) => where(isFirst, 0, part)) as [
    Tensor,
    Tensor,
  ];
  const logit = add(betaLogit, div(h, Math.sqrt(steps)));
  return {
    mean: add(mul(sqrt(sigmoid(neg(betaLogit))), xt), mul(sqrt(sigmoid(betaLogit)), m)),
    variance: sigmoid(logit),
    logVariance: neg(softplus(neg(logit))),
  };
}

/** KL(q ‖ p) of a number in nats. */
const klOfNormals = (q: Law, p: Law): Tensor =>
  mul(
    sub(
      add(sub(p.logVariance, q.logVariance), div(add(q.variance, square(sub(q.mean, p.mean))), p.variance)),
      1,
    ),
    0.5,
  );

/**
 * H_q(X_1 | X_0) - H_q(X_T | X_0) + H_p(X_T) in nats per dimension, [B]. H_p is meant as E_q[-log p(x_T)], and E log pi(x_1) - log pi(x_0) is kept:
 * the paper's data have unit variance, of which the first becomes the entropy and the second 0.
 */
function ends({ logLefts }: Tables, x0: Tensor, firstBeta: number): Tensor {
  const logLeft = gather(logLefts, constant(Int32Array.of(logLefts.shape[0]! - 1)));
  const excess = sub(meanOverSample(square(x0)), 1);
  const start = (1 + Math.log(2 * Math.PI * firstBeta)) / 2;
  const surplus = mul(excess, mul(add(exp(logLeft), firstBeta), 0.5));
  return add(sub(surplus, mul(log(lost(logLeft)), 0.5)), start);
}
