// How long a training step takes on this machine: measured where that is quick, else counted and held against a small network's.
import { type Authored, author } from "../../lib/author/author.ts";
import { batchSource } from "../../lib/data/batches.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Host } from "../../lib/run/session.ts";
import { Trainer, type TrainerOptions } from "../../lib/run/train.ts";
import { unetModel } from "../../models/model.ts";
import { adam, ncsn } from "../../models/preset.ts";

interface StepTime {
  readonly seconds: number;
  /** How it is known. */
  readonly by: string;
}

/** Steps of fewer multiply-adds than these take less than a second or so on two cores. */
const quick = 20e9;
const measuredSteps = 5;

/** The time of one training step of a model that is authored and not written. */
export async function stepTime(host: Host, authored: Authored, dataset: Dataset): Promise<StepTime> {
  const { manifest, stepMultiplyAdds } = authored;
  if (stepMultiplyAdds < quick) {
    const seconds = await measured(host, authored, batchSource(dataset, 0, manifest.batch));
    return { seconds, by: `${measuredSteps} measured steps` };
  }
  return {
    seconds: await estimated(host, stepMultiplyAdds),
    by: `an estimate: ${(stepMultiplyAdds / 1e9).toFixed(0)} billion multiply-adds at the speed of a small network's`,
  };
}

/** The time that so many multiply-adds of a training step would take at the speed of the probe's. */
export async function estimated(host: Host, multiplyAdds: number): Promise<number> {
  const probe = authorProbe(host.device.lowering);
  const { batch, data } = probe.manifest;
  const x = new Float32Array(batch * data.shape.reduce((size, each) => size * each, 1));
  const seconds = await measured(host, probe, async () => ({ x }));
  return (multiplyAdds / probe.stepMultiplyAdds) * seconds;
}

/** The median of the steps after the first, which prepares. */
async function measured(
  host: Host,
  { manifest, files }: Authored,
  batches: TrainerOptions["batches"],
): Promise<number> {
  const artifact = { manifest, where: "dry run", read: async (file: string) => files.get(file)! };
  await using trainer = await Trainer.create({ ...host, artifact, seed: 0, batches });
  const times: number[] = [];
  for await (const { seconds } of trainer.steps(1 + measuredSteps)) times.push(seconds);
  return times.slice(1).sort((a, b) => a - b)[Math.floor(measuredSteps / 2)]!;
}

/** A U-Net with the width of the papers' at a sixteenth of their pixels, whose step takes about a tenth of a second. */
function authorProbe(lowering: Host["device"]["lowering"]): Authored {
  const shape = [3, 8, 8];
  const { description, network } = unetModel({
    block_out_channels: [128],
    down_block_types: ["DownBlock2D"],
    up_block_types: ["UpBlock2D"],
    layers_per_block: 1,
  })({ shape, classes: 0, levels: 2 });
  return author({
    preset: "probe",
    model: description,
    network,
    objective: ncsn.objective,
    noise: {
      preconditioning: ncsn.preconditioning,
      weighting: ncsn.weighting,
      schedule: { name: "edm" },
      training: { kind: "ladder" },
      sigmas: [1, 0.5],
      sigmaData: 0.5,
    },
    langevin: { stepSize: 1, stepsPerLevel: 1 },
    data: { source: "zeros", shape, classes: 0, options: {} },
    batch: 16,
    ema: { decay: ncsn.emaDecay },
    optimizer: adam(1e-4, 100),
    samplingBatches: [1],
    lowering,
  });
}
