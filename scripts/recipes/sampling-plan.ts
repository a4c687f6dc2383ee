// Plans a drawing from what is asked for and what the model is.
import { UsageError, UserError } from "../../lib/errors.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { openScheduleOf } from "../../lib/theory/family.ts";
import { type SigmaGridName, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import type { ClippingName } from "../../lib/theory/solvers/clipping.ts";
import {
  type Grid,
  type Method,
  type MethodName,
  type MethodOptions,
  methods,
  networkEvaluations,
} from "./methods.ts";

type Manifest = Artifact["manifest"];

/** What a plan needs to know of a model. */
export type Plannable = Pick<Manifest, "noise" | "langevin" | "negatives" | "diffusion"> & {
  readonly data: Pick<Manifest["data"], "shape" | "classes" | "unconditional">;
};

/** What to draw and how. */
export interface SamplingPlan {
  readonly method: MethodName;
  readonly options: MethodOptions;
  /** Evaluations of the network for each sample, undefined where the data decide. */
  readonly nfe: number | undefined;
  readonly count: number;
  readonly labels: Int32Array | undefined;
  /** A sheet has a column for each class where these take turns; else 0. */
  readonly columns: number;
}

/** The method for models of a diffusion, that learned from chains of their own, that know many noise levels, or that know one. */
export function defaultMethod({ negatives, diffusion, noise: { sigmas, training } }: Plannable): MethodName {
  if (diffusion) return "reverse";
  if (negatives) return "chains";
  if (sigmas.length === 1) return "langevin";
  return training.kind === "ladder" ? "annealed-langevin" : defaultOf[training.kind];
}

/** What the models' own papers sample with. */
const defaultOf = {
  schedule: "ancestral",
  "loss-second-moment": "ancestral",
  "log-normal": "heun",
} as const;

export interface SamplingChoice {
  readonly method: MethodName;
  readonly count?: number | undefined;
  /** "none" draws what the model expects without a class. */
  readonly class?: number | "none" | undefined;
  /** 1 draws the class as it is, and more what tells it from the others; 0 is no class. */
  readonly guidance?: number | undefined;
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
export function samplingPlan(choice: SamplingChoice, manifest: Plannable): SamplingPlan {
  const method: Method = methods[choice.method];
  if (manifest.diffusion && choice.method !== "reverse")
    throw new UsageError(`--method ${choice.method}: a model of a diffusion has one method, reverse`);
  const own = ownOptions(choice, manifest);
  const grid = gridFor(choice, manifest);
  const gridded = choice.grid && grid ? { ...own, sigmas: grid(own.sigmas.length) } : own;
  const each = networkEvaluations(own);
  const options =
    choice.steps === undefined ? gridded : method.fit(own, Math.floor(choice.steps / each), grid);
  checkOptions(method, options);
  const drawn = choice.guidance === 0 ? "none" : choice.class;
  const columns = drawn === undefined ? classColumns(manifest) : 0;
  const count = choice.count ?? sampleCount(manifest, columns);
  const labels = labelsFor(drawn, count, manifest);
  const evaluations = method.nfe(options);
  return { method: choice.method, options, nfe: evaluations && each * evaluations, count, labels, columns };
}

function ownOptions(choice: SamplingChoice, manifest: Plannable): MethodOptions {
  const { noise, langevin, negatives, diffusion, data } = manifest;
  const { sigmas, sigmaData } = noise;
  const { tolerance } = choice;
  return {
    sigmas,
    sigmaData,
    ...langevin,
    stepSize: choice.stepSize ?? langevin.stepSize,
    stepChosen: choice.stepSize !== undefined,
    // Chains of the training's own have gone some times as far by its end.
    steps: diffusion?.steps ?? (choice.method === "chains" && negatives ? 10 * negatives.steps : 1000),
    denoise: !choice.raw,
    schedule: openScheduleOf(noise.schedule),
    eta: choice.eta,
    variance: varianceFor(choice, manifest),
    churn: choice.churn === undefined ? undefined : { ...everywhere, amount: choice.churn },
    ...(tolerance !== undefined && { relativeTolerance: tolerance, absoluteTolerance: tolerance }),
    snr: choice.snr,
    // In few dimensions norms of single samples make the corrector's steps depend on where it is.
    corrector: data.shape.length === 1 ? "annealed" : "langevin",
    clip: choice.clip ?? defaultClipping(manifest),
    guidance: guidanceOf(choice, manifest),
  };
}

/** Undefined where one evaluation is enough: with the class, or without it. */
function guidanceOf({ guidance, class: chosen }: SamplingChoice, manifest: Plannable): number | undefined {
  if (guidance === undefined || guidance === 0 || guidance === 1) return undefined;
  requireHidden(`--guidance ${guidance}`, manifest);
  if (chosen === "none") throw new UsageError(`--guidance ${guidance}: expected a class to favour, got none`);
  return guidance;
}

function requireHidden(what: string, { data: { unconditional, classes } }: Plannable): void {
  if (unconditional !== undefined) return;
  throw new UsageError(
    `${what}: ${classes > 0 ? "this model never saw a sample without its class in training" : "this model has no classes"}`,
  );
}

/** Throws UsageError for a learned variance that the model has not learned. */
function varianceFor(choice: SamplingChoice, manifest: Plannable): MethodOptions["variance"] {
  const { variance } = choice;
  // Guided steps are taken on the host, which is not told what the network says of variances.
  const learned = manifest.noise.variance === "learned" && guidanceOf(choice, manifest) === undefined;
  if (variance === "learned" && !learned)
    throw new UsageError(
      "--variance learned: expected a model that learned variances, such as --preset digits-iddpm, and no --guidance; choose posterior or forward",
    );
  return variance ?? (learned ? "learned" : undefined);
}

/** An error of predicted noise is sigma times as large in the image, so DDPM's authors clip what they predict. */
const defaultClipping = ({ noise, data }: Plannable): ClippingName =>
  noise.preconditioning === "eps" && data.shape.length === 3 ? "static" : "none";

/** EDM's noise at every level (Karras et al. 2022, Table 5: S_noise). */
const everywhere = { from: 0, to: Number.POSITIVE_INFINITY, noise: 1.003 };

/** Levels for any number of steps: on the grid that is asked for, or where training knew every level on its own. */
function gridFor({ grid }: SamplingChoice, { noise }: Plannable): Grid | undefined {
  const name = grid ?? ownGrid[noise.training.kind];
  if (name === undefined) return undefined;
  const [sigmaMax, sigmaMin] = [noise.sigmas[0]!, noise.sigmas.at(-1)!];
  const schedule = openScheduleOf(noise.schedule);
  return (steps) => sigmaGrids[name]({ steps, sigmaMax, sigmaMin, schedule });
}

const ownGrid = {
  ladder: undefined,
  schedule: "native",
  "loss-second-moment": "native",
  "log-normal": "karras",
} as const;

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
function labelsFor(
  chosen: SamplingChoice["class"],
  count: number,
  manifest: Plannable,
): Int32Array | undefined {
  const { classes } = manifest.data;
  if (chosen === "none") {
    requireHidden("--class none", manifest);
    return new Int32Array(count).fill(classes);
  }
  if (chosen !== undefined && chosen >= classes)
    throw new UsageError(
      `--class: ${classes > 0 ? `expected 0 to ${classes - 1}` : "this model has no classes"}, got ${chosen}`,
    );
  return classes > 0 ? Int32Array.from({ length: count }, (_, i) => chosen ?? i % classes) : undefined;
}

/** A sheet has a column for each class, unless there are none or too many; then 0. */
export const classColumns = ({ data }: Plannable): number => (data.classes <= 20 ? data.classes : 0);

/** How many samples a picture shows at its best. */
export const sampleCount = ({ data }: Plannable, columns: number): number =>
  data.shape.length === 3 ? 6 * columns || 64 : 2000;
