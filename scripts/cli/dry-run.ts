// What a training run would be, without running it.
import type { DeviceName } from "../../lib/run/device.ts";
import { isArtifact } from "../../lib/run/folder.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { suggestFor } from "../recipes/suggest-for.ts";
import { openHost } from "./host.ts";
import { memoryEstimate } from "./memory-estimate.ts";
import { authorFor, chosenData, type ModelChoice, outFolder, presetOf } from "./prepare.ts";
import { tell } from "./progress.ts";
import { duration, megabytes, report } from "./report.ts";
import { stepTime } from "./step-time.ts";

/** Prints the resolved run, its parameter count and an estimate of its memory and its time. */
export async function dryRun(
  choice: ModelChoice & {
    readonly out: string | undefined;
    readonly device: DeviceName;
    readonly json: boolean;
  },
): Promise<undefined> {
  const out = outFolder(choice);
  if (await isArtifact(out)) tell(`${out} holds a model already; this is what a new one would be`);
  const dataset = await chosenData(choice);
  const suggestion = await suggestFor(dataset, presetOf(choice));
  const host = await openHost(choice.device);
  const authored = authorFor(choice, dataset, suggestion, host.device.lowering);
  const { manifest } = authored;
  const { optimizer, parameterCount, data } = manifest;
  // This process has got as far as a run that is about to begin.
  const memory = memoryEstimate(authored, process.memoryUsage.rss());
  const step = await stepTime(host, authored, dataset);
  report(
    {
      preset: manifest.preset,
      data: data.source,
      shape: data.shape,
      samples: Number.isFinite(dataset.size) ? dataset.size : "endless",
      classes: data.classes,
      out,
      device: choice.device,
      seed: choice.seed,
      steps: optimizer.totalSteps,
      batch: manifest.batch,
      ...(manifest.microBatch && { microBatch: manifest.microBatch }),
      ...(manifest.gradientCheckpointing && { gradientCheckpointing: "on" }),
      learningRate: optimizer.learningRate,
      ...noiseOf(manifest),
      parameters: parameterCount,
      stateMemory: megabytes(memory.state),
      stepMemory: megabytes(memory.step),
      memory: megabytes(memory.total),
      stepSeconds: step.seconds,
      trainingTime: duration(step.seconds * optimizer.totalSteps),
      timeBy: step.by,
    },
    choice.json,
  );
}

/** What the model is to undo: levels of noise, or the steps of a diffusion. */
const noiseOf = ({ diffusion, noise, langevin }: Artifact["manifest"]) =>
  diffusion
    ? { kernel: diffusion.kernel, diffusionSteps: diffusion.steps }
    : {
        noiseLevels: noise.sigmas.length,
        sigmaMax: noise.sigmas[0]!,
        sigmaMin: noise.sigmas.at(-1)!,
        stepSize: langevin.stepSize,
      };
