// The same short training and sampling of a small U-Net wherever it runs, in Bun or in a page, and what came out.
import { batchSource } from "../../../lib/data/batches.ts";
import type { ImageDataset } from "../../../lib/data/dataset.ts";
import { digits } from "../../../lib/data/digits.ts";
import type { Artifact, Host } from "../../../lib/run/session.ts";
import { Trainer } from "../../../lib/run/train.ts";
import { presets } from "../../../models/presets.ts";
import { authorModel } from "../../../scripts/recipes/author-model.ts";
import { methods } from "../../../scripts/recipes/methods.ts";
import { samplingPlan } from "../../../scripts/recipes/sampling-plan.ts";
import { suggestFor } from "../../../scripts/recipes/suggest-for.ts";

export interface Outcome {
  readonly losses: readonly number[];
  /** Pixels of the samples, [count*H*W]. */
  readonly images: readonly number[];
  readonly secondsPerStep: number;
}

const seed = 7;
const steps = 50;
const batch = 2;
const side = 8;
const offsets = [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => [y, x] as const));

/** Digits without their margin, as means of 3x3 pixels, [1,8,8]: software WebGPU takes its time. */
function smallDigits(): ImageDataset {
  const whole = digits(seed);
  const [, height, width] = whole.shape;
  const mean = (image: Float32Array, row: number, column: number): number => {
    const pixels = offsets.map(([y, x]) => image[(2 + 3 * row + y) * width + 2 + 3 * column + x]!);
    return pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
  };
  return {
    ...whole,
    name: "small digits",
    shape: [1, side, side],
    async read(indices, images, labels) {
      const large = new Float32Array(indices.length * height * width);
      await whole.read(indices, large, labels);
      for (let at = 0; at < indices.length * side ** 2; at++) {
        const first = Math.floor(at / side ** 2) * height * width;
        images[at] = mean(large.subarray(first), Math.floor(at / side) % side, at % side);
      }
    },
  };
}

/** Authors, trains for 50 steps and draws two samples with the average weights. */
export async function trainAndDraw(host: Host): Promise<Outcome> {
  const dataset = smallDigits();
  const suggestion = await suggestFor(dataset, presets.tiny);
  const { lowering } = host.device;
  const recipe = { preset: "tiny", source: "small digits", opening: {}, batch, steps, lowering } as const;
  const { manifest, files } = authorModel(recipe, dataset, suggestion);
  const artifact = { manifest, where: "parity", read: async (file: string) => files.get(file)! };
  const batches = batchSource(dataset, seed, batch);
  await using trainer = await Trainer.create({ ...host, artifact, seed, batches });
  const [losses, seconds]: [number[], number[]] = [[], []];
  for await (const report of trainer.steps(steps)) {
    losses.push(report.loss);
    seconds.push(report.seconds);
  }
  const weights = (await trainer.read()).tensors.ema!;
  const images = await draw({ ...host, artifact, weights });
  return { losses, images, secondsPerStep: seconds.sort((a, b) => a - b)[steps / 2]! };
}

interface Trained extends Host {
  readonly artifact: Artifact;
  readonly weights: Float32Array;
}

async function draw(trained: Trained): Promise<number[]> {
  const choice = { method: "ancestral", count: 2, steps: 10 } as const;
  const plan = samplingPlan(choice, trained.artifact.manifest);
  const images: number[] = [];
  for await (const now of methods.ancestral.run({ ...trained, ...plan, seed }))
    if (now.step === now.steps) images.push(...(await now.x()));
  return images;
}
