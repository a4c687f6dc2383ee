// Figures of the field that a model has learned, beside the true one where that is known.
import type { KnownDensity } from "../../lib/data/dataset.ts";
import { energyLandscape } from "../../lib/plots/energy-landscape.ts";
import { type ErrorAt, errorMap } from "../../lib/plots/error-map.ts";
import { fieldComparison } from "../../lib/plots/field-comparison.ts";
import { type Panel, smallMultiples } from "../../lib/plots/figure.ts";
import { densityLine, scoreLine } from "../../lib/plots/line-figures.ts";
import { type Grid, gridPoints, type OnGrid, regionAround } from "../../lib/plots/plane.ts";
import { scoreField } from "../../lib/plots/score-field.ts";
import type { Field } from "../../lib/run/field.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { thinned } from "../../lib/theory/samplers/sampler.ts";

/** What the figures are of. */
export interface Subject {
  readonly field: Field;
  readonly manifest: Artifact["manifest"];
  readonly density: KnownDensity | undefined;
  /** Some of the data, [N,D]. */
  readonly points: Float32Array;
}

export type FigureRows = Readonly<Record<string, readonly (readonly Panel[])[]>>;

/** Rows of panels by figure name. Points on the line and in the plane have some, anything else has none. */
export async function fieldFigures(subject: Subject): Promise<FigureRows> {
  return (await figuresByDimension[subject.manifest.data.shape.join()]?.(subject)) ?? {};
}

const figuresByDimension: Readonly<Record<string, (subject: Subject) => Promise<FigureRows>>> = {
  "1": lineFigures,
  "2": planeFigures,
};

/** At most three levels; far above the data's own size all fields look alike. */
export function shownSigmas({
  sigmas,
  sigmaData,
}: Pick<Artifact["manifest"]["noise"], "sigmas" | "sigmaData">): readonly number[] {
  const near = sigmas.filter((sigma) => sigma <= sigmaData);
  const levels = near.length > 0 ? near : sigmas.slice(-1);
  return thinned(levels, Math.min(3, levels.length)).toReversed();
}

const arrowsPerSide = 22;
const cellsPerSide = 70;

const square = (points: ArrayLike<number>, cells: number): Grid => ({
  ...regionAround(points),
  columns: cells,
  rows: cells,
});

async function planeFigures(subject: Subject): Promise<FigureRows> {
  const { manifest, density, points } = subject;
  const [coarse, fine] = [square(points, arrowsPerSide), square(points, cellsPerSide)];
  const sigmas = shownSigmas(manifest.noise);
  const fields = [];
  const errors = [];
  for (const sigma of sigmas) {
    const learned = await learnedScore(subject, coarse, sigma);
    fields.push([fieldPanel(learned, coarse, sigma, subject)]);
    if (density) errors.push(await errorAt(subject, fine, sigma));
  }
  const energies = await Promise.all(sigmas.slice(0, 1).map((sigma) => energyPanel(subject, fine, sigma)));
  return {
    field: fields,
    ...(errors.length > 0 && { error: [[errorMap(errors, { quantity: "σ·|s − s*|", scale: "log" })]] }),
    ...(energies[0] && { energy: [[energies[0]]] }),
  };
}

function fieldPanel(learned: OnGrid, grid: Grid, sigma: number, { density, points }: Subject): Panel {
  const title = `σ = ${Number(sigma.toPrecision(3))}`;
  if (!density) return scoreField(learned, { points, title: `learned score, ${title}` });
  const background = blurred(density, sigma, { ...grid, columns: cellsPerSide, rows: cellsPerSide });
  const options = background && { density: background };
  return { ...fieldComparison(learned, trueScore(density, sigma, grid), options), title };
}

export async function learnedScore(
  { field }: Pick<Subject, "field">,
  grid: Grid,
  sigma: number,
): Promise<OnGrid> {
  return { grid, values: (await field.at(Float32Array.from(gridPoints(grid)), sigma)).score };
}

/** The energy above the plane, with -log p beside it where that is known; undefined for a model without energy. */
async function energyPanel(
  { field, density }: Subject,
  grid: Grid,
  sigma: number,
): Promise<Panel | undefined> {
  const { energy } = await field.at(Float32Array.from(gridPoints(grid)), sigma);
  if (!energy) return undefined;
  const depth = 12;
  const learned = energyLandscape({ grid, values: energy }, { title: "learned energy", depth, width: 330 });
  const truth = density && blurred(density, sigma, grid);
  if (!truth) return learned;
  const negative = { grid, values: Array.from(truth.values, (value) => -value) };
  return smallMultiples(
    [learned, energyLandscape(negative, { title: "−log p", depth, width: 330, inner: true })],
    2,
  );
}

/** Points without noise have neither density nor score. */
const isSmooth = ({ form }: KnownDensity, sigma: number) => form === "exact" || sigma > 0;

function blurred(density: KnownDensity, sigma: number, grid: Grid): OnGrid | undefined {
  if (!isSmooth(density, sigma)) return undefined;
  return { grid, values: overPoints(gridPoints(grid), 2, (x) => [density.mixture.logpdf(x, sigma)]) };
}

export const trueScore = (density: KnownDensity, sigma: number, grid: Grid): OnGrid => ({
  grid,
  values: isSmooth(density, sigma)
    ? overPoints(gridPoints(grid), 2, (x) => density.mixture.score(x, sigma))
    : new Float64Array(2 * grid.columns * grid.rows),
});

/** The length of the difference from the true score in each cell, in units of 1/sigma. */
async function errorAt(subject: Subject, grid: Grid, sigma: number): Promise<ErrorAt> {
  const learned = await learnedScore(subject, grid, sigma);
  return {
    sigma,
    error: scoreDifference(learned, trueScore(subject.density!, sigma, grid), () => sigma || 1),
  };
}

/** |s - s*| in each cell, times what `unit` makes of |s*|. */
function scoreDifference(learned: OnGrid, truth: OnGrid, unit: (length: number) => number): OnGrid {
  const at = ({ values }: OnGrid, i: number) => [values[2 * i]!, values[2 * i + 1]!] as const;
  const values = Float64Array.from({ length: truth.values.length / 2 }, (_, i) => {
    const [[x, y], [u, v]] = [at(learned, i), at(truth, i)];
    return unit(Math.hypot(u, v)) * Math.hypot(x - u, y - v);
  });
  return { grid: truth.grid, values };
}

/** |s - s*| / |s*| in each cell. */
export const relativeErrors = (learned: OnGrid, truth: OnGrid): OnGrid =>
  scoreDifference(learned, truth, (length) => 1 / length);

function overPoints(
  points: Float64Array,
  dimensions: number,
  f: (x: Float64Array) => ArrayLike<number>,
): Float64Array {
  const answers: number[] = [];
  for (let i = 0; i < points.length; i += dimensions)
    answers.push(...Array.from(f(points.subarray(i, i + dimensions))));
  return Float64Array.from(answers);
}

async function lineFigures(subject: Subject): Promise<FigureRows> {
  const { manifest, density, points, field } = subject;
  const [low, high] = [points.reduce((a, b) => Math.min(a, b)), points.reduce((a, b) => Math.max(a, b))];
  const x = Float64Array.from({ length: 200 }, (_, i) => low + ((high - low) * i) / 199);
  const panels = [];
  for (const sigma of shownSigmas(manifest.noise)) {
    const { score } = await field.at(Float32Array.from(x), sigma);
    const truth = density &&
      isSmooth(density, sigma) && {
        name: "true",
        x,
        values: overPoints(x, 1, (at) => density.mixture.score(at, sigma)),
      };
    const title = `σ = ${Number(sigma.toPrecision(3))}`;
    panels.push(scoreLine([{ name: "learned", x, values: score }, ...(truth ? [truth] : [])], { title }));
  }
  const histogram = densityLine(
    density && isSmooth(density, 0)
      ? [{ name: "true", x, values: overPoints(x, 1, (at) => [Math.exp(density.mixture.logpdf(at))]) }]
      : [],
    { samples: points, title: "data" },
  );
  return { field: panels.map((panel) => [panel]), data: [[histogram]] };
}
