// Trains a small convolutional artifact and samples from it on the device of argv[2]; writes what came out as JSON.
import * as ort from "onnxruntime-node";
import { portable } from "../../lib/artifact/graph-files.ts";
import type { Network } from "../../lib/author/denoiser.ts";
import { add, conv, mul, sum } from "../../lib/author/graph/ops.ts";
import { lowerModel } from "../../lib/author/lower-model.ts";
import { silu } from "../../lib/author/nn/activations.ts";
import { groupNorm } from "../../lib/author/nn/normalization.ts";
import { type DeviceName, openDevice } from "../../lib/run/device.ts";
import { sample } from "../../lib/run/sample.ts";
import { type Artifact, type Host, Session } from "../../lib/run/session.ts";
import { Trainer } from "../../lib/run/train.ts";
import { energyResnet } from "../../models/energy-resnet.ts";
import { gaussianBatches } from "./gaussian-batches.ts";
import { tinyArtifact } from "./tiny-artifact.ts";

const device = await openDevice(ort, process.argv[2] as DeviceName, { strict: true });
const { lowering } = device;

/** A normalised network with a parameter that does nothing but take 256 KiB in each state vector. */
const heavy: Network = (p, { x }) => {
  const weight = (name: string, ...shape: number[]) => p.get(name, shape, { kind: "normal", std: 0.3 });
  const first = conv(x, weight("first", 4, 1, 3, 3), weight("bias", 4), { padding: 1 });
  const normed = silu(groupNorm(first, 2, weight("scale", 4), weight("shift", 4)));
  const last = conv(normed, weight("last", 1, 4, 3, 3), undefined, { padding: 1 });
  const ballast = p.get("ballast", [2 ** 16], { kind: "constant", value: 1 });
  return add(last, mul(sum(ballast), 0));
};

const images8 = { data: { source: "g", shape: [1, 8, 8], classes: 0, options: {} }, batch: 4 };
const artifact = tinyArtifact({ ...images8, network: { score: heavy }, lowering });
/** An energy of the same images, with chains that persist, in micro-batches. */
const energyBased = tinyArtifact({
  ...images8,
  lowering,
  microBatch: 2,
  network: { energy: energyResnet({ in_channels: 1, sample_size: [8, 8], block_out_channels: [4, 4] }) },
  objective: "contrastive-divergence",
  noise: {
    preconditioning: "score",
    weighting: "uniform",
    schedule: { name: "edm" },
    training: { kind: "ladder" } as const,
    sigmas: [0.1],
    sigmaData: 0.5,
  },
  negatives: {
    start: "persistent",
    steps: 2,
    stepsPerRun: 1,
    stepSize: 0.1,
    noise: 0.1,
    limit: 0.05,
    range: [-2, 2],
    prior: { kind: "uniform", bound: 1 },
    buffer: 10,
    restart: 0.2,
  },
});
/** Steps after those that are compared, to see whether memory grows. */
const more = Number(process.argv[3] ?? 0);

/** Where the results of training steps lie. */
const locations = new Set<string>();
const { run } = Session.prototype;
Session.prototype.run = async function (this: Session, feeds) {
  const outputs = await run.call(this, feeds);
  if ("params_next" in outputs) for (const { location } of Object.values(outputs)) locations.add(location);
  return outputs;
};

const options = { ort, device, artifact, seed: 3, batches: gaussianBatches(4 * 64, 0.5) };
const losses: number[] = [];
const megabytes: number[] = [];

await using trainer = await Trainer.create(options);
for await (const { loss } of trainer.steps(6)) losses.push(loss);
const start = await trainer.read();
const [level] = await trainer.evaluate(await options.batches(7));

await using resumed = await Trainer.create({ ...options, start });
const rest: number[] = [];
for await (const { loss } of resumed.steps(9)) rest.push(loss);
const unbroken: number[] = [];
for await (const { loss } of trainer.steps(9)) unbroken.push(loss);

const steps = [
  { sigma: 1, a: 0.5, b: 0.5, c: 0.7 },
  { sigma: 0.5, a: 0, b: 1, c: 0 },
];
const weights = start.tensors.ema!;
const drawn = async (host: Host & { readonly artifact: Artifact }) => {
  const images: number[] = [];
  for await (const { step, x } of sample({ ...host, weights, steps, initialSigma: 1, count: 3, seed: 3 }))
    if (step === 2) images.push(...(await x()));
  return images;
};
const images = await drawn(options);
/** The same from graphs for everybody: as they are, and lowered when they are opened. */
const written = { ...artifact, manifest: portable(artifact.manifest) };
const unlowered = await drawn({ ort, device, artifact: written });
const relowered = await drawn({ ort, device, artifact: written, lower: lowerModel });

for await (const { step } of trainer.steps(9 + more)) {
  if (step % 25 === 0) megabytes.push(process.memoryUsage.rss() / 2 ** 20);
}

await using energy = await Trainer.create({ ...options, artifact: energyBased });
for await (const { loss } of energy.steps(4)) losses.push(loss);
const chains = [...(await energy.read()).tensors.negatives!];

const params = [...start.tensors.params!.subarray(0, 84)];
console.log(
  JSON.stringify({
    ...{ losses, loss: level!.loss, rest, unbroken, params, images, unlowered, relowered, chains, megabytes },
    ...{ lowering, locations: [...locations] },
  }),
);
