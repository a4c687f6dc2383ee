// The graph that draws an energy-based model's own samples: some Langevin steps with its present weights.
import type { NegativesEntry } from "../artifact/manifest.ts";
import { denoiser } from "./denoiser.ts";
import { input } from "./graph/constant.ts";
import { add, clip, mul, reshape, slice } from "./graph/ops.ts";
import type { Tensor } from "./graph/tensor.ts";
import { type Model, modelInputs, type Outputs } from "./graphs.ts";
import type { Layout } from "./layout.ts";
import { Parameters } from "./nn/parameters.ts";

type Langevin = Pick<NegativesEntry, "stepsPerRun" | "stepSize" | "noise" | "limit" | "range">;

/**
 * x_next [B,...]: `stepsPerRun` times x <- clip(x + clip(stepSize·score, ±limit) + noise·z, range), with z [B,stepsPerRun,...]
 * (Du & Mordatch 2019, Eq. 1 and appendix A.1; the score there is half of ours, the noise is not tied to the step).
 */
export function negativesOutputs(model: Model, batch: number, layout: Layout, langevin: Langevin): Outputs {
  const { stepsPerRun, stepSize, noise, limit, range } = langevin;
  const { x, at, label } = modelInputs(model, batch);
  const { score } = denoiser(model.network, new Parameters(), at, label);
  const z = input("z", [batch, stepsPerRun, ...model.shape]);
  const bounded = (move: Tensor) => (limit === null ? move : clip(move, -limit, limit));
  const within = (moved: Tensor) => (range === null ? moved : clip(moved, range[0], range[1]));
  const step = (now: Tensor, i: number) => {
    const noiseOf = reshape(slice(z, { axis: 1, start: i, end: i + 1 }), x.shape);
    return within(add(add(now, bounded(mul(score(now), stepSize))), mul(noiseOf, noise)));
  };
  const next = Array.from({ length: stepsPerRun }, (_, i) => i).reduce(step, x);
  return { x_next: { tensor: layout.bind([next])[0]!, role: "sample" } };
}
