// Says how likely samples are under a trained run or a model folder.
import { type TraceName, traces } from "../lib/theory/traces.ts";
import { main } from "./cli/command.ts";
import { dataOptions } from "./cli/data.ts";
import { openHost } from "./cli/host.ts";
import { interrupt } from "./cli/interrupt.ts";
import { type Likelihood, odeLikelihood } from "./cli/likelihood.ts";
import { boundLikelihood } from "./cli/likelihood-bound.ts";
import { likelihoodSamples } from "./cli/likelihood-data.ts";
import { diffusionLikelihood } from "./cli/likelihood-diffusion.ts";
import { likelihoodMethods, methodsFor } from "./cli/likelihood-methods.ts";
import { reportLikelihood } from "./cli/likelihood-report.ts";
import { amount, common, count, optionalChoice } from "./cli/options.ts";
import { progress } from "./cli/progress.ts";
import { table } from "./cli/report.ts";
import { newestRun } from "./cli/run-folder.ts";
import { openTrained } from "./cli/trained.ts";

const traceNames = Object.keys(traces) as TraceName[];

/** Works under a bar that is gone when the result is told. */
async function underBar<T>(
  title: string,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  using bar = progress(title, "%", 100);
  return await work((done) => bar.update(Math.floor(100 * done), ""));
}

await main({
  name: "likelihood",
  summary: "Say how likely samples are under a trained model, in nats and bits per dimension",
  takesLong: true,
  argument: {
    name: "folder",
    help: "a run, a model folder or a diffusers folder (default: the newest in runs/)",
  },
  options: {
    data: { ...dataOptions.data, help: "the samples (default: the model's own data)" },
    count: count("--count <n>", "how many (default 16 images, 500 points)"),
    method: optionalChoice(
      "--method <name>",
      "the probability-flow ODE, DDPM's bound, or the bound of a diffusion (default: what the model has)",
      likelihoodMethods,
    ),
    trace: optionalChoice(
      "--trace <name>",
      "the ODE's divergence (default exact up to 16 dimensions)",
      traceNames,
    ),
    tolerance: amount(
      "--tolerance <x>",
      "accepted error of the ODE's steps (default 1e-4 for images, 1e-5 for points)",
    ),
    steps: count(
      "--steps <n>",
      "times at which each sample's bound is evaluated (default 100, or all where the schedule has fewer; of a diffusion all)",
    ),
    ...common,
  },
  examples: ["runs/digits-ddpm", "runs/density --trace hutchinson --count 100"],
  epilogue: `Traces:\n${table(traceNames.map((name) => [`  ${name}`, traces[name].summary]))}`,
  async run(values, folder) {
    const { artifact, weights: load } = await openTrained(folder ?? (await newestRun()));
    const { seed, json } = values;
    const methods = methodsFor(artifact, values.method);
    const samples = await likelihoodSamples(values, artifact);
    const { weights, from } = await load();
    const host = await openHost(values.device);
    using stop = interrupt();
    const asked = { ...host, artifact, weights, samples, seed, signal: stop.signal };
    const start = performance.now();
    const ode = methods.includes("ode")
      ? await underBar("ode", (onProgress) => odeLikelihood({ ...asked, onProgress }, values))
      : undefined;
    const inSteps = <T>(measure: (likelihood: Likelihood, steps: number | undefined) => Promise<T>) =>
      underBar("bound", (onProgress) => measure({ ...asked, onProgress }, values.steps));
    const bound = methods.includes("bound") ? await inSteps(boundLikelihood) : undefined;
    const diffusion = methods.includes("diffusion") ? await inSteps(diffusionLikelihood) : undefined;
    if (stop.signal.aborted) return 130;
    const seconds = (performance.now() - start) / 1000;
    const { name: data, count: counted, dimensions } = samples;
    const fields = { weights: from, device: host.device.name, data, samples: counted, dimensions, seconds };
    reportLikelihood(fields, { ode, bound, diffusion }, json);
    return undefined;
  },
});
