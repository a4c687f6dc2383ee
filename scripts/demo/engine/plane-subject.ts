// What the plane shows before there is a network: a density, its true score, and the noise of a family.
import type { Dataset } from "../../../lib/data/dataset.ts";
import { densities } from "../../../lib/data/densities/index.ts";
import { pointsDataset } from "../../../lib/data/points.ts";
import { UserError } from "../../../lib/errors.ts";
import { permutation } from "../../../lib/random.ts";
import { BlurredPoints } from "../../../lib/theory/blurred-points.ts";
import type { GaussianMixture } from "../../../lib/theory/gaussian-mixture.ts";
import type { Suggestion } from "../../../lib/theory/suggest.ts";
import { energyMlpModel, mlpModel } from "../../../models/model.ts";
import { type PresetName, pointNetwork, presets, timeScale } from "../../../models/presets.ts";
import type { ModelRecipe } from "../../recipes/author-model.ts";
import { noiseFor } from "../../recipes/noise.ts";
import type { Plannable } from "../../recipes/sampling-plan.ts";
import { suggestFor } from "../../recipes/suggest-for.ts";
import type { FamilyName, PlaneInfo, PlaneObjective, PlaneSetup } from "./protocol.ts";

/** A density whose logarithm and score are known at every noise level. */
export type Law = Pick<GaussianMixture, "dimensions" | "logpdf" | "score">;

export interface Subject {
  readonly setup: PlaneSetup;
  readonly dataset: Dataset;
  readonly law: Law;
  /** Samples of it, [n*2]. */
  readonly data: Float32Array;
  /** The part of it on one side of its centre. */
  half(side: Side): Law;
  readonly suggestion: Suggestion;
  /** The network for it. */
  readonly recipe: ModelRecipe;
  /** What samplers need to know. */
  readonly model: Plannable;
  readonly info: PlaneInfo;
}

export type Side = "left" | "right";

interface FamilyEntry {
  readonly preset: PresetName;
  /** What brings its noise labels to the network's scale. */
  readonly noiseScale: number | undefined;
}

const families = {
  ncsn: { preset: "density", noiseScale: undefined },
  vp: { preset: "density-vp", noiseScale: timeScale },
  edm: { preset: "density-edm", noiseScale: undefined },
  flow: { preset: "density-flow", noiseScale: timeScale },
} satisfies Record<FamilyName, FamilyEntry>;

const objectives = {
  denoising: { objective: "denoising", make: mlpModel },
  sliced: { objective: "sliced", make: mlpModel },
  implicit: { objective: "implicit", make: mlpModel },
  energy: { objective: "denoising", make: energyMlpModel },
} as const satisfies Record<PlaneObjective, object>;

/** Samples that are shown. */
const shown = 2000;

/** Opens a density of the plane. Throws UserError for a name that is none, another dimension, or fewer than two points. */
export async function openSubject(setup: PlaneSetup): Promise<Subject> {
  const dataset = openDensity(setup);
  const { preset, noiseScale } = families[setup.family];
  const { objective, make } = objectives[setup.objective];
  const suggestion = await suggestFor(dataset, presets[preset]);
  const recipe = {
    preset,
    objective,
    model: make(pointNetwork(setup.hidden, noiseScale)),
    source: dataset.name,
    opening: {},
    learningRate: setup.learningRate,
  };
  const model = {
    ...noiseFor(recipe, presets[preset], suggestion),
    data: { shape: dataset.shape, classes: 0 },
  };
  const data = await someSamples(dataset, setup.seed);
  const mixture = mixtureOf(dataset);
  const region = regionOf(data);
  const law = lawOf(mixture);
  const { sigmas, sigmaData } = model.noise;
  return {
    setup,
    dataset,
    law,
    data,
    half: once((side: Side) =>
      lawOf(mixture.restricted((k) => mixture.means[2 * k]! < region.centre[0] === (side === "left"))),
    ),
    suggestion,
    recipe,
    model,
    info: { ...region, sigmaData, sigmas, data },
  };
}

function openDensity({ density, seed }: PlaneSetup): Dataset {
  if (typeof density !== "string") return pointsDataset({ name: "drawn", dimensions: 2, points: density });
  const known = densities[density]?.make(seed);
  if (known?.shape[0] === 2) return known;
  throw new UserError(
    `plane: no density "${density}" of the plane; one of: ${Object.keys(densities).join(", ")}`,
  );
}

/** Mixtures of few components are fast as they are. */
const lawOf = (mixture: GaussianMixture): Law =>
  mixture.variances.every((variance) => variance === 0) ? new BlurredPoints(mixture) : mixture;

function mixtureOf({ density, size }: Dataset): GaussianMixture {
  if (density) return density.mixture;
  throw new UserError(`plane: expected fewer points, whose density is known; got ${size}`);
}

/** Computes an answer when it is first asked for. */
function once<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}

/** Samples in no order, which drawn points have. */
async function someSamples(dataset: Dataset, seed: number): Promise<Float32Array> {
  const { size } = dataset;
  const indices = Number.isFinite(size) ? permutation(seed, "shown", size) : [...Array(shown).keys()];
  const chosen = indices.slice(0, shown);
  const data = new Float32Array(2 * chosen.length);
  await dataset.read(chosen, data);
  return data;
}

function regionOf(data: Float32Array): Pick<PlaneInfo, "centre" | "radius"> {
  const [x, y] = [0, 1].map((axis) => {
    const along = data.filter((_, i) => i % 2 === axis).sort();
    return { low: along[0]!, high: along.at(-1)! };
  });
  const middle = ({ low, high }: { low: number; high: number }) => (low + high) / 2;
  return { centre: [middle(x!), middle(y!)], radius: Math.max(x!.high - x!.low, y!.high - y!.low) / 2 };
}
