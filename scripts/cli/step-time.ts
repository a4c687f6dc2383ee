// How long a training step takes on this machine: measured where that is quick, else counted and held against a small network's.
import type { Authored } from "../../lib/author/author.ts";
import { batchSource } from "../../lib/data/batches.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Host } from "../../lib/run/session.ts";
import { Trainer, type TrainerOptions } from "../../lib/run/train.ts";
import { unetModel } from "../../models/model.ts";
import { authorBare } from "../recipes/author-bare.ts";

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
const authorProbe = (lowering: Host["device"]["lowering"]): Authored =>
  authorBare({
    name: "probe",
    model: unetModel({
      block_out_channels: [128],
      down_block_types: ["DownBlock2D"],
      up_block_types: ["UpBlock2D"],
      layers_per_block: 1,
    }),
    shape: [3, 8, 8],
    batch: 16,
    sampling: 1,
    lowering,
  });
