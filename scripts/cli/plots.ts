// What --plot writes: figures of a training run, and of the way that samples took.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { figure, type Panel } from "../../lib/plots/figure.ts";
import { lossCurves } from "../../lib/plots/loss-curves.ts";
import { particles } from "../../lib/plots/particles.ts";
import { type Region, regionAround } from "../../lib/plots/plane.ts";
import { panelWidth } from "../../lib/plots/theme.ts";
import { type TrajectoryOptions, trajectories } from "../../lib/plots/trajectories.ts";
import { writeFigure } from "../../lib/plots/write-figure.ts";
import { Field } from "../../lib/run/field.ts";
import { metricsFile } from "../../lib/run/metrics-lines.ts";
import type { Artifact, Host } from "../../lib/run/session.ts";
import { fieldFigures } from "./field-figures.ts";
import { firstSamples, runData } from "./run-data.ts";
import { type Frame, inUnits } from "./sample-pictures.ts";

const shownPoints = 1000;
const shownPaths = 16;

export interface TrainedModel extends Host {
  readonly artifact: Artifact;
  readonly weights: Float32Array;
  readonly seed: number;
}

/** The loss and, for points on the line and in the plane, what was learned of the score; answers the paths written. */
export async function plotTraining(model: TrainedModel): Promise<string[]> {
  const { where, manifest } = model.artifact;
  const folder = join(where, "plots");
  const wrote = await writeFigure(join(folder, "loss"), figure([[await lossPanel(where)]]));
  if (manifest.data.shape.length !== 1 || manifest.diffusion) return wrote;
  const dataset = await runData(manifest, model.seed);
  await using field = await Field.open(model);
  const points = await firstSamples(dataset, shownPoints);
  const figures = await fieldFigures({ field, manifest, density: dataset.density, points });
  for (const [name, rows] of Object.entries(figures))
    wrote.push(...(await writeFigure(join(folder, name), figure(rows))));
  return wrote;
}

/** The losses in the run's metrics file; steps that were not finite are left out. */
async function lossPanel(where: string): Promise<Panel> {
  const lines = (await readFile(join(where, metricsFile), "utf8")).trim().split("\n");
  const known: { step: number; loss: number }[] = lines.map((line) => JSON.parse(line));
  const finite = known.filter(({ loss }) => Number.isFinite(loss));
  const [steps, losses] = [finite.map(({ step }) => step), finite.map(({ loss }) => loss)];
  return lossCurves([{ name: "training", steps, losses }], { title: "loss" });
}

/** Samples in the plane beside the data, and the paths of some of them, as path.png and path.svg. */
export async function plotSampling(
  path: string,
  { artifact, seed }: Pick<TrainedModel, "artifact" | "seed">,
  samples: Float32Array,
  frames: readonly Frame[],
): Promise<string[]> {
  const { manifest } = artifact;
  const dataset = await runData(manifest, seed);
  const data = inUnits(await firstSamples(dataset, samples.length / 2), manifest);
  const region = regionAround(data);
  const clouds = [
    { title: "data", points: data },
    { title: "samples", points: inUnits(samples, manifest) },
  ];
  // Above the data's own size all paths are noise.
  const near = frames.filter(({ sigma }) => sigma <= manifest.noise.sigmaData);
  const paths = near.map(({ x }) => inUnits(x.subarray(0, 2 * shownPaths), manifest));
  const panels = [particles(clouds, { region }), trajectories(paths, pathOptions(region))];
  return writeFigure(path, figure([panels]));
}

const pathOptions = (region: Region): TrajectoryOptions => ({
  region,
  title: "paths",
  subtitle: `${shownPaths} of the samples`,
  width: panelWidth(3),
});
