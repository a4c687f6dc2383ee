// What a training run would be, without running it.
import type { DeviceName } from "../../lib/run/device.ts";
import { isArtifact } from "../../lib/run/folder.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { suggestFor } from "../recipes/suggest-for.ts";
import { openHost } from "./host.ts";
import { authorFor, chosenData, type ModelChoice, outFolder, presetOf } from "./prepare.ts";
import { tell } from "./progress.ts";
import { duration, megabytes, report } from "./report.ts";
import { stepTime } from "./step-time.ts";

/** Bun, ONNX Runtime and sharp before any model is loaded, as measured. */
const runtimeBytes = 130e6;
/** How much more ONNX Runtime's arena holds than the results alive at once, as measured on the CPU. */
const arenaOverhead = 1.8;

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
  const { manifest, stepBytes } = authored;
  const { optimizer, parameterCount, data } = manifest;
  // Weights, average and moments, each with the buffer that the next step writes.
  const stateBytes = 2 * 4 * parameterCount * (2 + optimizer.slots.length);
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
      learningRate: optimizer.learningRate,
      ...noiseOf(manifest),
      parameters: parameterCount,
      stateMemory: megabytes(stateBytes),
      stepMemory: megabytes(arenaOverhead * stepBytes),
      memory: megabytes(runtimeBytes + stateBytes + arenaOverhead * stepBytes),
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
