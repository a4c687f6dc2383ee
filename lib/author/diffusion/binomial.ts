// Binomial diffusion: bits, as -1 and 1, of which each step tosses a part anew, and a network that says which were tossed.
import { binomialEntropy } from "../../theory/diffusion-entropies.ts";
import {
  add,
  cast,
  div,
  equal,
  greater,
  less,
  log,
  mul,
  neg,
  perSample,
  sigmoid,
  sub,
  where,
} from "../graph/ops.ts";
import type { Tensor } from "../graph/tensor.ts";
import { meanOverSample } from "../objectives/perturb.ts";
import type { Chain, DiffusionKernel } from "./kernel.ts";

/**
 * beta_t = 1/(T - t + 1), so that (T - t)/T of the data is left at t (Sohl-Dickstein et al. 2015, section 2.4.1). The network answers the
 * log-odds that its bits had at first, to which those are added that a bit's own state tells; from P(x_0 | x_t) of a bit follows its
 * probability to flip by the posterior, exactly, since bits are diffused one by one. The paper's network answers the latter.
 */
export const binomial = (steps: number): DiffusionKernel => ({
  noise: "uniform",
  loss(chain, x0, noise) {
    const t = timesOf(chain, x0);
    const share = div(sub(steps, t), steps);
    const xt = where(less(noise, mul(add(mul(x0, share), 1), 0.5)), 1, -1);
    const { kept, lost } = flips(t, steps);
    const q = where(greater(mul(x0, xt), 0), kept, lost);
    const divergence = mul(meanOverSample(klOfBits(q, flipOf(chain, xt, steps))), (steps - 1) / Math.LN2);
    // At T nothing is left of the data, and H_q(X_T | X_0) = H_p(X_T).
    return add(divergence, binomialEntropy(1, steps));
  },
  step(chain, xt, noise) {
    const flip = flipOf(chain, xt, steps);
    return { x_next: where(less(noise, flip), neg(xt), xt), flip };
  },
});

const timesOf = ({ t }: Chain, x: Tensor): Tensor => perSample(cast(t, "float32"), x);

/** P(x_(t-1) ≠ x_t) of a bit that is what it was at first, and of one that is not, by Bayes. */
const flips = (t: Tensor, steps: number) => {
  const tossed = mul(sub(steps + 1, t), 2);
  return {
    kept: div(sub(t, 1), mul(tossed, sub(2 * steps, t))),
    lost: div(sub(2 * steps + 1, t), mul(tossed, t)),
  };
};

/** The model's P(x_(t-1) ≠ x_t | x_t); at t = 1 the kernel's own, which is its reverse (Sohl-Dickstein et al. 2015, section 2.3). */
function flipOf(chain: Chain, xt: Tensor, steps: number): Tensor {
  const t = timesOf(chain, xt);
  const evidence = log(div(sub(2 * steps, t), t));
  const changed = sigmoid(neg(add(evidence, mul(xt, chain.predict(xt)))));
  const { kept, lost } = flips(t, steps);
  return where(equal(t, 1), 1 / (2 * steps), add(kept, mul(sub(lost, kept), changed)));
}

/** KL(q ‖ p) of a bit in nats. */
const klOfBits = (q: Tensor, p: Tensor): Tensor => add(gain(q, p), gain(sub(1, q), sub(1, p)));

const gain = (q: Tensor, p: Tensor): Tensor => mul(q, sub(log(q), log(p)));
