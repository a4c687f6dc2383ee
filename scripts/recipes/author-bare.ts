// Authors a network alone, with fixed noise levels and no data set: for measuring how fast it is.
import type { LoweringName } from "../../lib/artifact/lowering.ts";
import { type Authored, type Authoring, author } from "../../lib/author/author.ts";
import { adam, ncsn, type Preset } from "../../models/preset.ts";

export interface Bare {
  readonly name: string;
  readonly model: Preset["model"];
  readonly shape: readonly number[];
  readonly batch: number;
  /** Samples at once in the sampling graph. */
  readonly sampling: number;
  /** Two levels of a ladder unless given. */
  readonly noise?: Authoring["noise"] | undefined;
  readonly lowering?: LoweringName | undefined;
}

const twoLevels: Authoring["noise"] = {
  preconditioning: ncsn.preconditioning,
  weighting: ncsn.weighting,
  schedule: { name: "edm" },
  training: { kind: "ladder" },
  sigmas: [1, 0.5],
  sigmaData: 0.5,
};

export function authorBare(bare: Bare): Authored {
  const { name, model, shape, batch, sampling, noise = twoLevels, lowering } = bare;
  const { description, network } = model({ shape, classes: 0, levels: noise.sigmas.length });
  return author({
    preset: name,
    model: description,
    network,
    objective: ncsn.objective,
    noise,
    langevin: { stepSize: 1, stepsPerLevel: 1 },
    data: { source: "noise", shape: [...shape], classes: 0, options: {} },
    batch,
    ema: { decay: ncsn.emaDecay },
    optimizer: adam(1e-3, 1000),
    samplingBatches: [sampling],
    lowering,
  });
}
