// Trains one model for each objective on the same data, and measures what each has learned against the true score.
import { sizeOf } from "../../lib/artifact/shape.ts";
import { type ObjectiveName, objectives } from "../../lib/author/objectives/index.ts";
import type { Objective } from "../../lib/author/objectives/objective.ts";
import type { Dataset, KnownDensity } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import { lossCurves } from "../../lib/plots/loss-curves.ts";
import { stream } from "../../lib/random.ts";
import { Field } from "../../lib/run/field.ts";
import type { Host } from "../../lib/run/session.ts";
import { energyDistance } from "../../lib/theory/energy-distance.ts";
import { relativeScoreError } from "../../lib/theory/score-error.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import type { PresetName } from "../../models/presets.ts";
import { defaultMethod, samplingPlan } from "../recipes/sampling-plan.ts";
import { type FigureRows, fieldFigures } from "./field-figures.ts";
import { type Fit, fit } from "./fit.ts";
import type { ModelChoice } from "./prepare.ts";
import { firstSamples } from "./run-data.ts";
import { draw } from "./sampling.ts";

export interface Comparison extends Host {
  readonly dataset: Dataset & { readonly density: KnownDensity };
  readonly suggestion: Suggestion;
  /** What all models share; preset and objective are each model's own. */
  readonly choice: ModelChoice;
  /** Noise levels at which the scores are compared. */
  readonly sigmas: readonly number[];
  /** Whether every model's loss and field are drawn. */
  readonly plot: boolean;
  readonly signal: AbortSignal;
}

export interface Contender {
  readonly objective: ObjectiveName;
  readonly backwardPasses: string;
  readonly stepsPerSecond: number;
  /** E‖s - s*‖² / E‖s*‖² under the density blurred by each sigma that the model knows. */
  readonly errors: readonly { readonly sigma: number; readonly error: number }[];
  /** Of its samples from the data; 0 for equal laws. */
  readonly distance: number;
  readonly samples: Float32Array;
  /** What is drawn of it, rows of panels by name. */
  readonly figures: FigureRows;
}

const testPoints = 2000;

/** Fits and measures one objective; undefined when interrupted. */
export async function contender(
  comparison: Comparison,
  objective: ObjectiveName,
): Promise<Contender | undefined> {
  const { choice, sigmas, dataset } = comparison;
  const { draws, backwardPasses }: Objective = objectives[objective];
  // Chains that learn from their own samples are run at one level, the middle one.
  const alone = Object.values(draws).includes("negative");
  const fitted = await fit({
    ...comparison,
    title: objective.padEnd(longestName),
    choice: {
      ...choice,
      objective,
      preset: choice.preset ?? presetFor(objective),
      sigma: alone ? sigmas[Math.floor(sigmas.length / 2)] : choice.sigma,
    },
  });
  if (!fitted) return undefined;
  const known = fitted.artifact.manifest.noise.sigmas;
  const errors = await scoreErrors(comparison, fitted, alone || choice.sigma !== undefined ? known : sigmas);
  const samples = await drawSamples(comparison, fitted);
  const distance = energyDistance(samples, await firstSamples(dataset, testPoints), sizeOf(dataset.shape));
  const stepsPerSecond = fitted.losses.length / fitted.seconds;
  const figures = comparison.plot ? await figuresOf(comparison, fitted) : {};
  return { objective, backwardPasses, stepsPerSecond, errors, distance, samples, figures };
}

/** Those that learn a score on their own: the ones of a chain of steps know no single noise level, and their mean learns as in denoising. */
export const comparable = (Object.keys(objectives) as ObjectiveName[]).filter((name) => {
  const { needs }: Objective = objectives[name];
  return needs !== "chain" && needs !== "variance";
});

const longestName = Math.max(...comparable.map((name) => name.length));

/** Energies for objectives of energies; the diagonal approximation is meant for one hidden layer. */
const presetFor = (objective: ObjectiveName): PresetName => {
  if (objective === "implicit-diagonal") return "density-shallow";
  const { needs }: Objective = objectives[objective];
  return needs === "energy" ? "density-energy" : "density";
};

/** The relative score error at each level. */
async function scoreErrors(comparison: Comparison, { artifact, weights }: Fit, sigmas: readonly number[]) {
  const { mixture } = comparison.dataset.density;
  await using field = await Field.open({ ...comparison, artifact, weights });
  const errors = [];
  for (const sigma of sigmas) {
    const points = Array.from({ length: testPoints }, (_, i) =>
      mixture.sample(stream(comparison.choice.seed, "comparison", i), sigma),
    );
    const truth = points.flatMap((x) => Array.from(mixture.score(x, sigma)));
    const { score } = await field.at(Float32Array.from(points.flatMap((x) => Array.from(x))), sigma);
    errors.push({ sigma, error: relativeScoreError(score, truth) });
  }
  return errors;
}

async function figuresOf(comparison: Comparison, { artifact, weights, losses }: Fit): Promise<FigureRows> {
  const { dataset } = comparison;
  await using field = await Field.open({ ...comparison, artifact, weights });
  const points = await firstSamples(dataset, 1000);
  const { manifest } = artifact;
  const fields = await fieldFigures({ field, manifest, density: dataset.density, points });
  const steps = losses.map((_, i) => i + 1);
  return { loss: [[lossCurves([{ name: "training", steps, losses }], { title: "loss" })]], ...fields };
}

async function drawSamples(comparison: Comparison, { artifact, weights }: Fit): Promise<Float32Array> {
  const { manifest } = artifact;
  const method = defaultMethod(manifest);
  const plan = samplingPlan({ method, count: testPoints }, manifest);
  const { seed } = comparison.choice;
  const drawn = await draw({ ...comparison, ...plan, signal: comparison.signal, artifact, weights, seed });
  if (!drawn) throw new UserError("compare: interrupted while sampling");
  return drawn.samples;
}
