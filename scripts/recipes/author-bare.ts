// Authors a network alone, with two fixed noise levels and no data set: for measuring how fast it is.
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import { type Authored, author } from "../../lib/author/author.ts";
import { adam, ncsn, type Preset } from "../../models/preset.ts";

export interface Bare {
  readonly name: string;
  readonly model: Preset["model"];
  readonly shape: readonly number[];
  readonly batch: number;
  /** Samples at once in the sampling graph. */
  readonly sampling: number;
  readonly lowering?: LoweringName | undefined;
}

export function authorBare({ name, model, shape, batch, sampling, lowering }: Bare): Authored {
  const levels = [1, 0.5];
  const { description, network } = model({ shape, classes: 0, levels: levels.length });
  return author({
    preset: name,
    model: description,
    network,
    objective: ncsn.objective,
    noise: {
      preconditioning: ncsn.preconditioning,
      weighting: ncsn.weighting,
      schedule: { name: "edm" },
      training: { kind: "ladder" },
      sigmas: levels,
      sigmaData: 0.5,
    },
    langevin: { stepSize: 1, stepsPerLevel: 1 },
    data: { source: "noise", shape: [...shape], classes: 0, options: {} },
    batch,
    ema: { decay: ncsn.emaDecay },
    optimizer: adam(1e-3, 1000),
    samplingBatches: [sampling],
    lowering,
  });
}
