// Draws samples from a trained run or a model folder.
import { animationExtensions } from "../lib/images/animation.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { interrupt } from "./cli/interrupt.ts";
import { common, count, indexOrNone, optionalChoice, text, toggle } from "./cli/options.ts";
import { checkOutputs, checkShape, writeOutputs } from "./cli/outputs.ts";
import { type Progress, progress } from "./cli/progress.ts";
import { report, table } from "./cli/report.ts";
import { newestModel } from "./cli/run-folder.ts";
import { draw } from "./cli/sampling.ts";
import { methodOptions } from "./cli/sampling-options.ts";
import { openTrained } from "./cli/trained.ts";
import { type Method, type MethodName, methods } from "./recipes/methods.ts";
import { defaultMethod, type SamplingChoice, samplingPlan } from "./recipes/sampling-plan.ts";

const names = Object.keys(methods) as MethodName[];
const framesOfAnimation = 60;

type Sampling = Pick<SamplingChoice, "method" | "grid" | "variance" | "clip">;
type Chosen = { readonly [K in keyof Sampling]: Sampling[K] | undefined };

/** What is chosen, else what the model samples with. */
const withDefaults = (chosen: Chosen, own: Sampling): Sampling => ({
  method: chosen.method ?? own.method,
  grid: chosen.grid ?? own.grid,
  variance: chosen.variance ?? own.variance,
  clip: chosen.clip ?? own.clip,
});

/** Works under a progress bar that is gone when the result is told. */
async function underBar<T>(work: (bar: Progress) => Promise<T>): Promise<T> {
  using bar = progress("sampling", "%", 100);
  return await work(bar);
}

await main({
  name: "sample",
  summary: "Draw samples from a trained model",
  argument: {
    name: "folder",
    help: "a run, a model folder or a diffusers folder (default: the newest in runs/, else the model that comes with this)",
  },
  options: {
    method: optionalChoice(
      "--method <name>",
      "sampler (default: what the model's family samples with, annealed-langevin for ladders of noise levels)",
      names,
    ),
    count: count("--count <n>", "samples (default 64 images, or 6 of each class; 2000 points)"),
    class: indexOrNone("--class <n>", "draw this class only, for models with classes, or none"),
    steps: count("--steps <n>", "budget of network evaluations (default: the model's own schedule)"),
    ...methodOptions,
    batch: count("--batch <n>", "the most images at once (default: as many as the model has graphs for)"),
    out: text("--out <file>", "the grid (default <folder>/samples/<method>.png)"),
    animate: text("--animate <file>", `the process as an animation, ${animationExtensions.join(" or ")}`),
    saveEach: text("--save-each <folder>", "every image as a PNG of its own"),
    npy: text("--npy <file>", "the samples as a NumPy array, images [N,C,H,W] in [-1,1], points [N,D]"),
    plot: toggle("--plot", "points beside the data, and their paths, as <out>-plot.png and .svg"),
    dryRun: toggle("--dry-run", "print what would be drawn, and stop"),
    ...common,
  },
  examples: [
    "--method annealed-langevin",
    "--method heun --steps 18",
    "--guidance 2 --method heun --steps 36",
    "runs/digits --class 3 --count 16 --animate three.webp",
  ],
  epilogue: `Methods:\n${table(names.map((name) => [`  ${name}`, methods[name].summary, methods[name].source]))}`,
  async run(values, folder) {
    await checkOutputs(values);
    const opened = await openTrained(folder ?? (await newestModel()));
    const { artifact } = opened;
    const { manifest } = artifact;
    checkShape(values, manifest.data.shape);
    const own = { method: defaultMethod(manifest), ...opened.sampling };
    const plan = samplingPlan({ ...values, ...withDefaults(values, own) }, manifest);
    const { weights, from } = await opened.weights();
    const { method, count: samples, nfe, columns } = plan;
    const planned = {
      weights: from,
      parameters: weights.length,
      device: values.device,
      method,
      samples,
      nfe: nfe ?? "as the tolerance needs",
    };
    if (values.dryRun) {
      const { sigmas, stepSize } = plan.options;
      const { stepSized }: Method = methods[method];
      const sized = stepSized?.(plan.options) && { stepSize };
      report({ ...planned, noiseLevels: sigmas.length, ...sized }, values.json);
      return undefined;
    }
    const host = await openHost(values.device);

    using stop = interrupt();
    const start = performance.now();
    const drawn = await underBar((bar) =>
      draw({
        ...host,
        ...plan,
        artifact,
        weights,
        seed: values.seed,
        batch: values.batch,
        signal: stop.signal,
        frames: values.animate || values.plot ? framesOfAnimation : 0,
        onStep: (done, sigma) =>
          bar.update(Math.floor(100 * (done ?? 0)), sigma > 0 ? `sigma ${sigma.toPrecision(3)}` : ""),
      }),
    );
    if (!drawn) return 130;
    const seconds = (performance.now() - start) / 1000;

    const wrote = await writeOutputs({ ...values, method, columns }, { artifact, seed: values.seed }, drawn);
    const done = {
      ...planned,
      nfe: nfe ?? drawn.nfe ?? null,
      device: host.device.name,
      seconds,
      secondsPerSample: seconds / samples,
    };
    report({ wrote, ...done }, values.json);
    return undefined;
  },
});
