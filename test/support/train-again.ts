// Trains a small U-Net with and without gradient checkpointing on the device of argv[2]; writes losses and weights as JSON.
import { type DeviceName, openDevice, type Runtime } from "../../lib/run/device.ts";
import { Trainer } from "../../lib/run/train.ts";
import { unetModel } from "../../models/model.ts";
import { gaussianBatches } from "./gaussian-batches.ts";
import { momentum, tinyArtifact } from "./tiny-artifact.ts";

const name = process.argv[2] as DeviceName;
const ort: Runtime =
  name === "wasm" ? await import("onnxruntime-web/wasm") : await import("onnxruntime-node");
const device = await openDevice(ort, name, { strict: name === "webgpu" });

const shape = [1, 8, 8];
const { description, network } = unetModel({
  block_out_channels: [8, 8],
  down_block_types: ["DownBlock2D", "DownBlock2D"],
  up_block_types: ["UpBlock2D", "UpBlock2D"],
  mid_block_type: null,
  layers_per_block: 1,
  norm_num_groups: 4,
})({ shape, classes: 0, levels: 2 });

async function trained(more: { readonly gradientCheckpointing?: true }) {
  const data = { source: "g", shape, classes: 0, options: {} };
  const { lowering } = device;
  const artifact = tinyArtifact({
    model: description,
    network,
    data,
    batch: 4,
    lowering,
    optimizer: momentum,
    ...more,
  });
  const options = { ort, device, artifact, seed: 1, batches: gaussianBatches(4 * 64, 0.5) };
  await using trainer = await Trainer.create(options);
  const losses: number[] = [];
  for await (const { loss } of trainer.steps(2)) losses.push(loss);
  return { losses, params: [...(await trainer.readVector("params"))] };
}

console.log(
  JSON.stringify({ plain: await trained({}), again: await trained({ gradientCheckpointing: true }) }),
);
