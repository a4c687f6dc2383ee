// The kernels' graphs: their losses are the terms of K in plain numbers, their steps draw the law that they state, their gradients hold.
import { describe, expect, test } from "bun:test";
import { betaOffsetsName } from "../../../lib/artifact/diffusion.ts";
import { gradient } from "../../../lib/author/autodiff/gradient.ts";
import { binomial } from "../../../lib/author/diffusion/binomial.ts";
import { gaussian } from "../../../lib/author/diffusion/gaussian.ts";
import type { Chain, DiffusionKernel } from "../../../lib/author/diffusion/kernel.ts";
import { input } from "../../../lib/author/graph/constant.ts";
import { add, concat, mul, sum, tanh } from "../../../lib/author/graph/ops.ts";
import { Parameters } from "../../../lib/author/nn/parameters.ts";
import { stream } from "../../../lib/random.ts";
import { binomialLaw, type DiffusionLaw, gaussianLaw } from "../../../lib/theory/diffusions/law.ts";
import { learnedBetas } from "../../../lib/theory/diffusions/learned-betas.ts";
import { directionalDifference } from "../../support/differences.ts";
import { evaluate, type Value } from "../../support/evaluate.ts";
import { runOnnx } from "../../support/run-onnx.ts";

const [T, D, firstBeta] = [6, 3, 0.01];
const offsets = [0.04, -0.03, 0.02, 0.01, -0.05];
const betas = learnedBetas(firstBeta, offsets);
/** Every time from 1 to T, some often. */
const times = [1, 2, 2, 3, 4, 5, 6, 6];
const batch = times.length;

/** A chain whose network says something of x_t that depends on all that it may. */
function chainOf(name: string): Chain {
  const p = new Parameters();
  return {
    t: input("t", [batch], "int32"),
    p,
    predict(xt) {
      const first = tanh(add(mul(xt, 0.7), 0.2));
      return name === "binomial" ? first : concat([first, mul(xt, 0.4)], 1);
    },
  };
}

const random = stream(5, "kernels");
const value = (data: readonly number[], shape: readonly number[]): Value => ({ data, shape });
const drawn = (draw: () => number) => value(Array.from({ length: batch * D }, draw), [batch, D]);

interface Case {
  readonly kernel: DiffusionKernel;
  readonly law: DiffusionLaw;
  readonly x0: Value;
  readonly noise: Value;
  /** x_t from x_0 and its noise, as stated. */
  readonly noisy: (x0: number, t: number, noise: number) => number;
}

const left = (t: number) => betas.slice(0, t).reduce((product, beta) => product * (1 - beta), 1);

const cases: Record<string, Case> = {
  gaussian: {
    kernel: gaussian(T, firstBeta),
    law: gaussianLaw(betas),
    x0: drawn(() => 0.8 * random.normal()),
    noise: drawn(() => random.normal()),
    noisy: (x0, t, eps) => Math.sqrt(left(t)) * x0 + Math.sqrt(1 - left(t)) * eps,
  },
  binomial: {
    kernel: binomial(T),
    law: binomialLaw(T),
    x0: drawn(() => (random.integer(3) === 0 ? 1 : -1)),
    noise: drawn(() => random.uniform()),
    noisy: (x0, t, u) => (u < (1 + (x0 * (T - t)) / T) / 2 ? 1 : -1),
  },
};

const x = input("x", [batch, D]);
const noise = input("noise", [batch, D]);
const common = { t: value(times, [batch]), [betaOffsetsName]: value(offsets, [T - 1]) };

for (const [name, { kernel, law, ...given }] of Object.entries(cases))
  describe(name, () => {
    const chain = chainOf(name);
    const xt = Array.from(given.x0.data, (x0, i) =>
      given.noisy(x0, times[Math.floor(i / D)]!, given.noise.data[i]!),
    );
    const feeds = { ...common, x: given.x0, noise: given.noise };

    test("the loss is the estimate of -K that the law in plain numbers makes of what the model says", async () => {
      const [losses] = await runOnnx([kernel.loss(chain, x, noise)], feeds);
      const { x_next: _, ...said } = kernel.step(chain, x, noise);
      const statements = evaluate(
        law.says.map((each) => said[each]!),
        { ...feeds, x: value(xt, [batch, D]) },
      );
      for (const [row, t] of times.entries()) {
        if (t === 1) continue;
        let bits = 0;
        for (let d = 0; d < D; d++) {
          const i = row * D + d;
          const x0 = given.x0.data[i]!;
          const { end, start, prior } = law.ends(x0);
          bits += (T - 1) * law.divergence({ t, x0, xt: xt[i]! }, statements, i) + start - end + prior;
        }
        expect(losses![row]!).toBeCloseTo(bits / D, 4);
      }
    });

    test("at t = 1 a step is the kernel's own, whatever the network says", async () => {
      const { x_next: _, ...said } = kernel.step(chain, x, noise);
      const expected: Record<string, (x: number) => number> = {
        flip: () => 1 / (2 * T),
        mean: (at) => Math.sqrt(1 - firstBeta) * at,
        variance: () => firstBeta,
      };
      const answers = await runOnnx(Object.values(said), feeds);
      for (const [k, each] of Object.keys(said).entries())
        for (let d = 0; d < D; d++)
          expect(answers[k]![d]!).toBeCloseTo(expected[each]!(given.x0.data[d]!), 6);
    });

    test("a step draws from the law that it states", async () => {
      const { x_next, ...said } = kernel.step(chain, x, noise);
      const [next, first, second] = await runOnnx([x_next!, ...Object.values(said)], feeds);
      next!.forEach((after, i) => {
        const [before, z] = [given.x0.data[i]!, given.noise.data[i]!];
        const stated = second ? first![i]! + Math.sqrt(second[i]!) * z : z < first![i]! ? -before : before;
        expect(after).toBeCloseTo(stated, 5);
      });
    });
  });

test("the gradient in the betas, with the noise frozen, is that of finite differences", async () => {
  const { kernel, x0, noise: eps } = cases.gaussian!;
  // The first step is not learned from: its posterior is the datum itself.
  const learned = value(
    times.map((t) => Math.max(2, t)),
    [batch],
  );
  const feeds = { ...common, t: learned, x: x0, noise: eps };
  const chain = chainOf("gaussian");
  const loss = sum(kernel.loss(chain, x, noise));
  const [slopes] = await runOnnx(
    [gradient(loss, [chain.p.get(betaOffsetsName, [T - 1], { kind: "constant", value: 0 })])[0]!],
    feeds,
  );
  for (let i = 0; i < T - 1; i++) {
    const direction = value(
      Array.from({ length: T - 1 }, (_, j) => Number(i === j)),
      [T - 1],
    );
    const [difference] = directionalDifference(loss, feeds, { [betaOffsetsName]: direction });
    expect(Math.abs(difference!)).toBeGreaterThan(0.01);
    expect(slopes![i]! / difference!).toBeCloseTo(1, 3);
  }
});
