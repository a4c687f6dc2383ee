// Trains every objective on data whose score is known: one table, one picture.
import { join } from "node:path";
import type { ObjectiveName } from "../lib/author/objectives/index.ts";
import type { Dataset, KnownDensity } from "../lib/data/dataset.ts";
import { UsageError } from "../lib/errors.ts";
import { figure } from "../lib/plots/figure.ts";
import { writeFigure } from "../lib/plots/write-figure.ts";
import { main } from "./cli/command.ts";
import { type Contender, comparable, contender } from "./cli/comparison.ts";
import { comparisonFigure } from "./cli/comparison-figure.ts";
import { shownSigmas } from "./cli/field-figures.ts";
import { openHost } from "./cli/host.ts";
import { interrupt } from "./cli/interrupt.ts";
import { common, text, toggle } from "./cli/options.ts";
import { chosenData, modelOptions, presetOf, slug, unchosen } from "./cli/prepare.ts";
import { tell } from "./cli/progress.ts";
import { report, table } from "./cli/report.ts";
import { firstSamples } from "./cli/run-data.ts";
import { noiseFor } from "./recipes/noise.ts";
import { suggestFor } from "./recipes/suggest-for.ts";

const { data, sigma, weighting, negatives, batch, steps, learningRate } = modelOptions;
/** The objectives of a comma-separated list, all when there is none. Throws UsageError for one that does not exist. */
function chosenObjectives(list: string | undefined): readonly ObjectiveName[] {
  const chosen = list?.split(",") ?? comparable;
  const unknown = chosen.find((name) => !(comparable as string[]).includes(name));
  if (unknown !== undefined)
    throw new UsageError(`--objectives: expected some of ${comparable.join(",")}, got "${unknown}"`);
  return chosen as readonly ObjectiveName[];
}

function requireDensity(dataset: Dataset): Dataset & { readonly density: KnownDensity } {
  const { density } = dataset;
  if (!density)
    throw new UsageError(
      `--data ${dataset.name}: its score is not known; take points, such as two-gaussians`,
    );
  return { ...dataset, density };
}

const exact = (x: number) => x.toPrecision(3);

function tableOf(contenders: readonly Contender[], sigmas: readonly number[]): string {
  const heads = sigmas.map((sigma) => `σ = ${Number(sigma.toPrecision(2))}`);
  const head = ["objective", "backward passes", "steps/s", ...heads, "samples to data"];
  const rows = contenders.map(({ objective, backwardPasses, stepsPerSecond, errors, distance }) => [
    objective,
    backwardPasses,
    stepsPerSecond.toFixed(0),
    ...sigmas.map((at) => errors.find((each) => each.sigma === at)?.error).map((e) => (e ? exact(e) : "–")),
    distance.toFixed(4),
  ]);
  return table([head, ...rows]);
}

await main({
  name: "compare",
  summary: "Train every objective on data whose score is known, and compare what they learn",
  options: {
    data,
    objectives: text("--objectives <list>", `some of ${comparable.join(",")} (default: all)`),
    sigma,
    weighting,
    negatives,
    batch,
    steps,
    learningRate,
    plot: toggle(
      "--plot",
      "figures of every model's loss, field and errors too, as <out>/<objective>-<figure>",
    ),
    out: text("--out <folder>", "where the picture goes (default runs/compare-<data>)"),
    ...common,
  },
  examples: ["--data two-gaussians", "--data swiss-roll --objectives denoising,sliced --steps 1000"],
  async run(values) {
    const source = values.data ?? "two-gaussians";
    const choice = { ...unchosen, ...values, data: source };
    const chosen = chosenObjectives(values.objectives);
    const dataset = requireDensity(await chosenData(choice));
    const suggestion = await suggestFor(dataset, presetOf(choice));
    const sigmas = shownSigmas(noiseFor(choice, presetOf(choice), suggestion).noise);
    const host = await openHost(values.device);
    using stop = interrupt();
    const { plot } = values;
    const comparison = { ...host, dataset, suggestion, choice, sigmas, plot, signal: stop.signal };
    const contenders: Contender[] = [];
    for (const objective of chosen) {
      const done = await contender(comparison, objective);
      if (!done) return 130;
      tell(
        `${objective}: ${done.errors.map(({ sigma: at, error }) => `${exact(error)} at σ ${exact(at)}`).join(", ")}`,
      );
      contenders.push(done);
    }
    const out = values.out ?? join("runs", `compare-${slug(source)}`);
    const picture = comparisonFigure(source, contenders, dataset.density, await firstSamples(dataset, 2000));
    const wrote = await writeFigure(join(out, "comparison"), picture);
    for (const { objective, figures } of contenders)
      for (const [name, rows] of Object.entries(figures))
        wrote.push(...(await writeFigure(join(out, `${objective}-${name}`), figure(rows, objective))));
    if (values.json)
      console.log(
        JSON.stringify({ wrote, contenders: contenders.map(({ samples: _, figures: __, ...rest }) => rest) }),
      );
    else {
      console.log(tableOf(contenders, sigmas));
      report({ wrote }, false);
    }
    return undefined;
  },
});
