// Draws samples from a trained run or a model folder.
import { join } from "node:path";
import { UsageError } from "../lib/errors.ts";
import { animationExtensions, writeAnimation } from "../lib/images/animation.ts";
import { writeNpy } from "../lib/images/npy.ts";
import { writeEach, writePng } from "../lib/images/png.ts";
import { openArtifact } from "../lib/run/folder.ts";
import { type SamplerName, samplers } from "../lib/theory/samplers/index.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { interrupt } from "./cli/interrupt.ts";
import { amount, choice, common, count, index, text, toggle } from "./cli/options.ts";
import { progress } from "./cli/progress.ts";
import { report, table } from "./cli/report.ts";
import { newestRun, trainedWeights } from "./cli/run-folder.ts";
import { draw, everyClass, samplerDefaults, sheet } from "./cli/sampling.ts";

const names = Object.keys(samplers) as SamplerName[];
const framesOfAnimation = 60;

await main({
  name: "sample",
  summary: "Draw samples from a trained model",
  argument: { name: "folder", help: "a run or a model folder (default: the newest in runs/)" },
  options: {
    method: choice("--method <name>", "sampler", names, "annealed-langevin"),
    count: count("--count <n>", "images (default 64, or 6 of each class)"),
    class: index("--class <n>", "draw this class only, for models with classes"),
    steps: count("--steps <n>", "budget of network evaluations (default: the model's own schedule)"),
    stepSize: amount("--step-size <x>", "Langevin step at the smallest noise level (default: the model's)"),
    noDenoise: toggle("--raw", "keep the last level's noise instead of removing it in a final step"),
    out: text("--out <file>", "the grid (default <folder>/samples/<method>.png)"),
    animate: text("--animate <file>", `the process as an animation, ${animationExtensions.join(" or ")}`),
    saveEach: text("--save-each <folder>", "every image as a PNG of its own"),
    npy: text("--npy <file>", "the images as a NumPy array [N,C,H,W] in [-1,1]"),
    ...common,
  },
  examples: ["--method annealed-langevin", "runs/digits --class 3 --count 16 --animate three.webp"],
  epilogue: `Methods:\n${table(names.map((name) => [`  ${name}`, samplers[name].summary, samplers[name].source]))}`,
  async run(values, folder) {
    if (values.animate && !animationExtensions.some((extension) => values.animate!.endsWith(extension)))
      throw new UsageError(
        `--animate: expected a name ending in ${animationExtensions.join(" or ")}, got ${values.animate}`,
      );
    const artifact = await openArtifact(folder ?? (await newestRun()));
    const { manifest, where } = artifact;
    const { classes } = manifest.data;
    if (values.class !== undefined && values.class >= classes)
      throw new UsageError(
        `--class: ${classes > 0 ? `expected 0 to ${classes - 1}` : "this model has no classes"}, got ${values.class}`,
      );
    const total = values.count ?? (classes > 0 && values.class === undefined ? 6 * classes : 64);
    const labels =
      values.class === undefined ? everyClass(manifest, total) : new Int32Array(total).fill(values.class);
    const sampler = samplers[values.method];
    const own = { ...samplerDefaults(manifest), denoise: !values.noDenoise };
    const fitted = values.steps === undefined ? own : sampler.fitBudget(own, values.steps);
    const options = { ...fitted, stepSize: values.stepSize ?? fitted.stepSize };
    const { weights, from } = await trainedWeights(artifact);
    const host = await openHost(values.device);

    using stop = interrupt();
    const start = performance.now();
    using bar = progress("sampling", "steps", sampler.nfe(options));
    const drawn = await draw({
      ...host,
      artifact,
      weights,
      method: values.method,
      sampler: options,
      count: total,
      seed: values.seed,
      labels,
      signal: stop.signal,
      frames: values.animate ? framesOfAnimation : 0,
      onStep: (done, all, sigma) => bar.update(done, `sigma ${sigma.toPrecision(3)}`, all),
    });
    if (!drawn) return 130;
    const seconds = (performance.now() - start) / 1000;

    const columns = values.class === undefined ? undefined : Math.ceil(Math.sqrt(total));
    const picture = (images: Float32Array) => sheet(images, manifest, columns);
    const out = values.out ?? join(where, "samples", `${values.method}.png`);
    const shape = [total, ...manifest.data.shape] as const;
    await writePng(out, picture(drawn.images));
    if (values.animate) await writeAnimation(values.animate, drawn.frames.map(picture));
    if (values.saveEach) await writeEach(values.saveEach, drawn.images, shape);
    if (values.npy) await writeNpy(values.npy, drawn.images, shape);
    report(
      {
        wrote: [out, values.animate, values.saveEach, values.npy].filter((path) => path !== undefined),
        weights: from,
        device: host.device.name,
        method: values.method,
        images: total,
        nfe: sampler.nfe(options),
        seconds,
        secondsPerImage: seconds / total,
      },
      values.json,
    );
    return undefined;
  },
});
