// Draws the same noise with several models and several samplers: models down, samplers across.
import { basename } from "node:path";
import { UsageError } from "../lib/errors.ts";
import { imageGrid } from "../lib/images/grid.ts";
import { encodePng } from "../lib/images/png.ts";
import { figure } from "../lib/plots/figure.ts";
import { type PictureCell, pictureTable } from "../lib/plots/picture-table.ts";
import { writeFigure } from "../lib/plots/write-figure.ts";
import { main } from "./cli/command.ts";
import { openHost } from "./cli/host.ts";
import { interrupt } from "./cli/interrupt.ts";
import { common, count, text } from "./cli/options.ts";
import { tell } from "./cli/progress.ts";
import { report } from "./cli/report.ts";
import type { TrainedModel } from "./cli/run-folder.ts";
import { draw } from "./cli/sampling.ts";
import { methodOptions } from "./cli/sampling-options.ts";
import { openTrained } from "./cli/trained.ts";
import { type MethodName, methods } from "./recipes/methods.ts";
import { samplingPlan } from "./recipes/sampling-plan.ts";

const known = Object.keys(methods) as MethodName[];
const side = 28 * 5;

function chosenMethods(list: string): readonly MethodName[] {
  const unknown = list.split(",").find((name) => !(known as string[]).includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--methods: expected some of ${known.join(",")}, got "${unknown}"`);
  return list.split(",") as MethodName[];
}

/** Ten images in two rows, as a PNG. */
async function picture(images: Float32Array, { artifact }: TrainedModel): Promise<Uint8Array> {
  const [channels, height, width] = artifact.manifest.data.shape;
  if (!(channels && height && width))
    throw new UsageError(`${artifact.where}: a sheet shows images, these are points`);
  return encodePng(imageGrid(images, [10, channels, height, width], { columns: 5, gutter: 1 }));
}

await main({
  name: "sheet",
  summary: "Draw the same noise with several models and samplers, as one picture",
  takesLong: true,
  options: {
    models: text("--models <list>", "runs or model folders, separated by commas"),
    methods: text(
      "--methods <list>",
      "samplers, separated by commas (default ancestral,euler,heun,dpm-solver-2m-sde)",
    ),
    steps: count("--steps <n>", "budget of network evaluations for each (default 50)"),
    guidance: methodOptions.guidance,
    out: text("--out <file>", "the picture, .png or .svg, or without an ending both (default runs/sheet)"),
    ...common,
  },
  examples: [
    "--models runs/digits-ddpm,runs/digits-edm",
    "--models runs/digits --methods heun,unipc --steps 18 --out runs/few.png",
  ],
  async run(values) {
    const { steps = 50, guidance } = values;
    const names = chosenMethods(values.methods ?? "ancestral,euler,heun,dpm-solver-2m-sde");
    if (values.models === undefined) throw new UsageError("--models: expected one folder or more");
    const host = await openHost(values.device);
    using stop = interrupt();
    const cells: PictureCell[] = [];
    for (const folder of values.models.split(",")) {
      const model = await openTrained(folder);
      const { artifact } = model;
      const { weights } = await model.weights();
      for (const method of names) {
        const plan = samplingPlan({ method, steps, guidance, count: 10 }, artifact.manifest);
        const drawn = await draw({
          ...host,
          ...plan,
          artifact,
          weights,
          seed: values.seed,
          signal: stop.signal,
        });
        if (!drawn) return 130;
        tell(`${basename(folder)}, ${method}: ${plan.nfe} evaluations`);
        cells.push({ row: basename(folder), column: method, png: await picture(drawn.samples, model) });
      }
    }
    const table = pictureTable(cells, { width: side * 1.5, height: side * 0.6 });
    const wrote = await writeFigure(values.out ?? "runs/sheet", figure([[table]]));
    report({ wrote }, values.json);
    return undefined;
  },
});
