// Measures the error of every sampler and solver against its evaluations, with an exact denoiser: two tables, one picture.
import { mixture as threeGaussians } from "../lib/data/densities/mixtures.ts";
import { errorCurves } from "../lib/plots/error-curves.ts";
import { figure } from "../lib/plots/figure.ts";
import { writeFigure } from "../lib/plots/write-figure.ts";
import { openSchedule } from "../lib/theory/schedules/index.ts";
import { rangeOf, type SigmaGridName, sigmaGrids } from "../lib/theory/sigma-grids.ts";
import { type ErrorPoint, measureErrors } from "../lib/theory/solvers/measure-errors.ts";
import { main } from "./cli/command.ts";
import { common, count, optionalChoice, text } from "./cli/options.ts";
import { report, table } from "./cli/report.ts";

const budgets = [6, 10, 18, 35, 70, 140, 280];
const tolerances = [0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6];
/** Equal to others: DDIM without noise to Euler's method, consistent annealing at its own steps to ancestral sampling. */
const repeated = new Set(["ddim", "consistent-annealed"]);

const known = (point: ErrorPoint): point is ErrorPoint & { readonly endpoint: number } =>
  point.endpoint !== undefined;

function pictureOf(points: readonly ErrorPoint[], floor: number) {
  const shown = points.filter(({ method }) => !repeated.has(method));
  const xTitle = "evaluations of the denoiser";
  const exact = shown
    .filter(known)
    .map(({ method, nfe, endpoint }) => ({ method, cost: nfe, error: endpoint }));
  const noisy = shown
    .filter((point) => !known(point))
    .map(({ method, nfe, distance }) => ({ method, cost: nfe, error: distance }));
  return figure([
    [
      errorCurves(exact, {
        title: "ODE solvers",
        xTitle,
        yTitle: "distance from the exact path's end",
        width: 320,
      }),
    ],
    [
      errorCurves(noisy, {
        title: "samplers that draw noise",
        xTitle,
        yTitle: "sliced Wasserstein distance",
        floor,
        width: 320,
      }),
    ],
  ]);
}

await main({
  name: "compare-samplers",
  summary: "Measure every sampler's error against its evaluations, on a mixture whose denoiser is exact",
  options: {
    grid: optionalChoice(
      "--grid <name>",
      "where the noise levels lie (default karras)",
      Object.keys(sigmaGrids) as SigmaGridName[],
    ),
    count: count("--count <n>", "points (default 4000)"),
    out: text(
      "--out <file>",
      "the picture, .png or .svg, or without an ending both (default runs/compare-samplers)",
    ),
    seed: common.seed,
    json: common.json,
  },
  examples: ["", "--grid log-snr --count 1000"],
  async run({ grid = "karras", count: points = 4000, out = "runs/compare-samplers", seed, json }) {
    const schedule = openSchedule({ name: "edm" });
    const levels = (steps: number) => sigmaGrids[grid]({ steps, schedule, ...rangeOf(schedule) });
    const measured: ErrorPoint[] = [];
    const settings = { mixture: threeGaussians(), grid: levels, budgets, tolerances, count: points, seed };
    for await (const point of measureErrors(settings)) measured.push(point);
    const [floor, ...others] = measured;
    const wrote = await writeFigure(out, pictureOf(others, floor!.distance));
    if (json) console.log(JSON.stringify({ wrote, floor: floor!.distance, points: others }));
    else {
      const rows = others.map(({ method, nfe, distance, endpoint }) => [
        method,
        `${nfe}`,
        distance.toPrecision(3),
        endpoint?.toPrecision(3) ?? "–",
      ]);
      console.log(table([["method", "evaluations", "sliced Wasserstein", "from the exact path"], ...rows]));
      report({ exactSamples: floor!.distance, wrote }, false);
    }
    return undefined;
  },
});
