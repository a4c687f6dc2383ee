// The samples whose likelihood is asked for.
import { sizeOf } from "../../lib/artifact/shape.ts";
import type { Dataset, KnownDensity, Units } from "../../lib/data/dataset.ts";
import { UserError } from "../../lib/errors.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { requireBits } from "../recipes/binary-data.ts";
import { openData } from "./data.ts";
import { runData } from "./run-data.ts";

export interface Samples {
  readonly name: string;
  /** In the model's units, [N,...shape]. */
  readonly x: Float32Array;
  readonly labels: Int32Array | undefined;
  readonly count: number;
  readonly dimensions: number;
  /** Images have 256 values, points have a density. */
  readonly kind: "images" | "points";
  /** Their law in the model's units, where it is known. */
  readonly density: KnownDensity | undefined;
  /** Their entropy in bits, where it is known. */
  readonly entropy: number | undefined;
}

interface SamplesChoice {
  readonly data: string | undefined;
  readonly count: number | undefined;
  readonly seed: number;
}

/** Few where each has many numbers and costs much. */
const defaultCount = (dimensions: number): number => (dimensions > 128 ? 16 : 500);

/** Endless data have no end that training does not reach, but this is far from its beginning. */
const firstOfEndless = 2 ** 31;

/**
 * Opens the data and reads some: of endless data samples that training has not seen, of finite data some that are evenly spread,
 * because files may be sorted. Throws UserError for data of another shape or without the model's classes.
 */
export async function likelihoodSamples(
  choice: SamplesChoice,
  { where, manifest }: Artifact,
): Promise<Samples> {
  const { data: model } = manifest;
  const dataset = choice.data
    ? await openData(choice.data, choice.seed, model.options)
    : await runData(manifest, choice.seed);
  if (dataset.shape.join() !== model.shape.join() || dataset.classes < model.classes)
    throw new UserError(
      `${where} is a model of samples [${model.shape}] and ${model.classes} classes, ${dataset.name} has [${dataset.shape}] and ${dataset.classes}; choose other --data`,
    );
  requireBits(manifest.diffusion, dataset);
  const kind = model.shape.length === 3 ? "images" : "points";
  const dimensions = sizeOf(model.shape);
  const count = Math.min(choice.count ?? defaultCount(dimensions), dataset.size);
  const x = new Float32Array(count * dimensions);
  const labels = new Int32Array(count);
  await dataset.read(spread(dataset, count), x, labels);
  const own = sameUnits(dataset.units, model.units);
  return {
    name: dataset.name,
    x: own ? x : inUnitsOf(x, dataset.units, model.units),
    labels: model.classes > 0 ? labels : undefined,
    count,
    dimensions,
    kind,
    density: own ? dataset.density : undefined,
    entropy: dataset.entropy,
  };
}

const spread = ({ size }: Dataset, count: number): number[] =>
  Array.from({ length: count }, (_, i) =>
    Number.isFinite(size) ? Math.floor((i * size) / count) : firstOfEndless + i,
  );

const sameUnits = (one: Units | undefined, other: Units | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Each file of points is brought to unit scale by itself; a model goes on with the units of the file that it learned from. */
function inUnitsOf(x: Float32Array, from: Units | undefined, to: Units | undefined): Float32Array {
  const column = ({ offset, scale }: Units, d: number) => ({ offset: offset[d]!, scale: scale[d]! });
  const none = { offset: 0, scale: 1 };
  const dimensions = (from ?? to)!.offset.length;
  return x.map((value, at) => {
    const [source, target] = [from, to].map((units) => (units ? column(units, at % dimensions) : none));
    return (source!.offset + source!.scale * value - target!.offset) / target!.scale;
  });
}
