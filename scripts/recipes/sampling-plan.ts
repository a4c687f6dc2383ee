// Plans a drawing from what is asked for and what the model is.
import { UsageError, UserError } from "../../lib/errors.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { type SigmaGridName, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import type { ClippingName } from "../../lib/theory/solvers/clipping.ts";
import { type Grid, type Method, type MethodName, type MethodOptions, methods } from "./methods.ts";

type Manifest = Artifact["manifest"];

/** What to draw and how. */
export interface SamplingPlan {
  readonly method: MethodName;
  readonly options: MethodOptions;
  /** Evaluations of the network for each sample, undefined where the data decide. */
  readonly nfe: number | undefined;
  readonly count: number;
  readonly labels: Int32Array | undefined;
}

/** The method for models that learned from chains of their own, that know many noise levels, or that know one. */
export function defaultMethod({ negatives, noise: { sigmas, training } }: Manifest): MethodName {
  if (negatives) return "chains";
  if (sigmas.length === 1) return "langevin";
  return training.kind === "ladder" ? "annealed-langevin" : defaultOf[training.kind];
}

/** What the models' own papers sample with. */
const defaultOf = { schedule: "ancestral", "log-normal": "heun" } as const;

export interface SamplingChoice {
  readonly method: MethodName;
  readonly count?: number | undefined;
  readonly class?: number | undefined;
  readonly steps?: number | undefined;
  readonly stepSize?: number | undefined;
  readonly raw?: boolean;
  readonly grid?: SigmaGridName | undefined;
  readonly eta?: number | undefined;
  readonly variance?: MethodOptions["variance"];
  readonly churn?: number | undefined;
  readonly tolerance?: number | undefined;
  readonly snr?: number | undefined;
  readonly clip?: ClippingName | undefined;
}

/** Fills in the model's own settings where the choice is silent. Throws UserError for a choice that model or method cannot follow. */
export function samplingPlan(choice: SamplingChoice, manifest: Manifest): SamplingPlan {
  const method: Method = methods[choice.method];
  const own = ownOptions(choice, manifest);
  const grid = gridFor(choice, manifest);
  const gridded = choice.grid && grid ? { ...own, sigmas: grid(own.sigmas.length) } : own;
  const options = choice.steps === undefined ? gridded : method.fit(own, choice.steps, grid);
  checkOptions(method, options);
  const columns = choice.class === undefined ? classColumns(manifest) : 0;
  const count = choice.count ?? sampleCount(manifest, columns);
  const labels = labelsFor(choice.class, count, manifest.data.classes);
  return { method: choice.method, options, nfe: method.nfe(options), count, labels };
}

function ownOptions(choice: SamplingChoice, manifest: Manifest): MethodOptions {
  const { noise, langevin, negatives, data } = manifest;
  const { sigmas, sigmaData } = noise;
  const { tolerance } = choice;
  return {
    sigmas,
    sigmaData,
    ...langevin,
    stepSize: choice.stepSize ?? langevin.stepSize,
    stepChosen: choice.stepSize !== undefined,
    // Chains of the training's own have gone some times as far by its end.
    steps: choice.method === "chains" && negatives ? 10 * negatives.steps : 1000,
    denoise: !choice.raw,
    schedule: openScheduleOf(noise.schedule),
    eta: choice.eta,
    variance: choice.variance,
    churn: choice.churn === undefined ? undefined : { ...everywhere, amount: choice.churn },
    ...(tolerance !== undefined && { relativeTolerance: tolerance, absoluteTolerance: tolerance }),
    snr: choice.snr,
    // In few dimensions norms of single samples make the corrector's steps depend on where it is.
    corrector: data.shape.length === 1 ? "annealed" : "langevin",
    clip: choice.clip ?? defaultClipping(manifest),
  };
}

/** An error of predicted noise is sigma times as large in the image, so DDPM's authors clip what they predict. */
const defaultClipping = ({ noise, data }: Manifest): ClippingName =>
  noise.preconditioning === "eps" && data.shape.length === 3 ? "static" : "none";

/** EDM's noise at every level (Karras et al. 2022, Table 5: S_noise). */
const everywhere = { from: 0, to: Number.POSITIVE_INFINITY, noise: 1.003 };

/** Levels for any number of steps: on the grid that is asked for, or where training knew every level on its own. */
function gridFor({ grid }: SamplingChoice, { noise }: Manifest): Grid | undefined {
  const name = grid ?? ownGrid[noise.training.kind];
  if (name === undefined) return undefined;
  const [sigmaMax, sigmaMin] = [noise.sigmas[0]!, noise.sigmas.at(-1)!];
  const schedule = openScheduleOf(noise.schedule);
  return (steps) => sigmaGrids[name]({ steps, sigmaMax, sigmaMin, schedule });
}

const ownGrid = { ladder: undefined, schedule: "native", "log-normal": "karras" } as const;

/** A method refuses what it cannot do at its first step: better before the graphs are opened. */
function checkOptions(method: Method, options: MethodOptions): void {
  try {
    method.check(options);
  } catch (error) {
    if (!(options.stepChosen && error instanceof UserError)) throw error;
    throw new UsageError(`--step-size ${options.stepSize}: ${error.message}`);
  }
}

/** One class, or one after another, so that a grid with a column per class is sorted; nothing without classes. */
function labelsFor(chosen: number | undefined, count: number, classes: number): Int32Array | undefined {
  if (chosen !== undefined && chosen >= classes)
    throw new UsageError(
      `--class: ${classes > 0 ? `expected 0 to ${classes - 1}` : "this model has no classes"}, got ${chosen}`,
    );
  return classes > 0 ? Int32Array.from({ length: count }, (_, i) => chosen ?? i % classes) : undefined;
}

/** A sheet has a column for each class, unless there are none or too many; then 0. */
export const classColumns = ({ data }: Manifest): number => (data.classes <= 20 ? data.classes : 0);

/** How many samples a picture shows at its best. */
export const sampleCount = ({ data }: Manifest, columns: number): number =>
  data.shape.length === 3 ? 6 * columns || 64 : 2000;
