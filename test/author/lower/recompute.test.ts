// Gradient checkpointing: the same loss and gradients to the last bits, from a fraction of the memory, in every kind of training.
import { describe, expect, test } from "bun:test";
import { fromBinary } from "@bufbuild/protobuf";
import * as ort from "onnxruntime-node";
import type { LoweringName } from "../../../lib/artifact/lowering.ts";
import { ModelProtoSchema } from "../../../lib/artifact/onnx/onnx_pb.ts";
import type { Authored, Authoring } from "../../../lib/author/author.ts";
import { openDevice } from "../../../lib/run/device.ts";
import { Trainer } from "../../../lib/run/train.ts";
import { energyMlpModel, mlpModel, unetModel } from "../../../models/model.ts";
import { gaussianBatches } from "../../support/gaussian-batches.ts";
import { momentum, tinyFiles } from "../../support/tiny-artifact.ts";

const device = await openDevice(ort, "cpu");
const { lowering } = device;

const deepUnet = unetModel({
  block_out_channels: [16, 32],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
  up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
  layers_per_block: 1,
  norm_num_groups: 4,
  attention_head_dim: 16,
});
const layers = { hidden: [32, 32, 32, 32], act_fn: "silu", frequencies: [1, 2] } as const;
const options = { ...layers, hidden: [...layers.hidden], frequencies: [...layers.frequencies] };
const cases = {
  "a U-Net": { model: deepUnet, shape: [1, 8, 8], objective: "denoising" },
  "a perceptron with three backward passes": { model: mlpModel(options), shape: [2], objective: "sliced" },
  "an energy, whose score is a gradient": {
    model: energyMlpModel(options),
    shape: [2],
    objective: "implicit",
  },
} as const;
type Case = (typeof cases)[keyof typeof cases];

const batch = 16;
function authored({ model, shape, objective }: Case, settings: Partial<Authoring> = {}): Authored {
  const { description, network } = model({ shape, classes: 0, levels: 2 });
  const data = { source: "g", shape: [...shape], classes: 0, options: {} };
  const optimizer = momentum;
  return tinyFiles({ model: description, network, objective, data, batch, optimizer, ...settings });
}

/** The losses of some steps and the weights after them. */
async function trained({ manifest, files }: Authored, by = device) {
  const size = manifest.data.shape.reduce((a, b) => a * b, 1);
  const artifact = { manifest, where: "test", read: async (file: string) => files.get(file)! };
  const batches = gaussianBatches(batch * size, 0.5);
  await using trainer = await Trainer.create({ ort, device: by, artifact, seed: 1, batches });
  const losses: number[] = [];
  for await (const { loss } of trainer.steps(3)) losses.push(loss);
  return { losses, params: await trainer.readVector("params") };
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

/** Graphs for a browser and for a GPU are made of standard operators too. */
const lowerings: (LoweringName | undefined)[] = [
  undefined,
  "wasm",
  "webgpu",
  ...(lowering ? [lowering] : []),
];
describe.each(Object.entries(cases))("%s", (_, each) => {
  test.each(lowerings)("trains the same, lowered for %s", async (lowering) => {
    const by = { ...device, lowering };
    const plain = await trained(authored(each, { lowering }), by);
    const again = await trained(authored(each, { lowering, gradientCheckpointing: true }), by);
    expect(furthest(again.losses, plain.losses)).toBeLessThan(1e-6);
    expect(furthest(again.params, plain.params)).toBeLessThan(1e-6);
  });
});

test("in micro-batches as well", async () => {
  const settings = { gradientCheckpointing: true, microBatch: 4, lowering } as const;
  const [plain, both] = [
    await trained(authored(cases["a U-Net"])),
    await trained(authored(cases["a U-Net"], settings)),
  ];
  expect(furthest(both.losses, plain.losses)).toBeLessThan(1e-5);
});

test.each(["cpu-nchwc16", "wasm"] as const)("for %s, no reshape tells its shape beforehand", (lowering) => {
  const { manifest, files } = authored(cases["a U-Net"], { gradientCheckpointing: true, lowering });
  const bytes = files.get(manifest.graphs.step.lowered![lowering]!)!;
  const { node, initializer } = fromBinary(ModelProtoSchema, bytes).graph!;
  const constants = new Set(initializer.map(({ name }) => name));
  const reshapes = node.filter(({ opType }) => opType === "Reshape");
  expect(reshapes.length).toBeGreaterThan(100);
  expect(reshapes.filter(({ input }) => constants.has(input[1]!))).toEqual([]);
});

test.each(["cpu-nchwc16", "wasm"] as const)(
  "for %s, the memory of a step is less than two thirds",
  (lowering) => {
    const settings = { lowering, batch: 64 } as const;
    const plain = authored(cases["a U-Net"], settings).stepBytes;
    expect(authored(cases["a U-Net"], { ...settings, gradientCheckpointing: true }).stepBytes).toBeLessThan(
      (2 / 3) * plain,
    );
  },
);
