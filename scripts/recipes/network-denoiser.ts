// A network as the denoiser of samples with their classes, guided where that is chosen.
import type { Field } from "../../lib/run/field.ts";
import { guided } from "../../lib/theory/guidance.ts";
import type { Denoise } from "../../lib/theory/solvers/solver.ts";

interface Conditions {
  /** The class of each sample, for networks that are told one. */
  readonly labels?: Int32Array | undefined;
  /** The number that stands for no class. */
  readonly none: number;
  /** How strongly the class is favoured, at two evaluations of the network for one; absent: as it is. */
  readonly guidance?: number | undefined;
}

/** D(x; sigma) of all samples at once, [n*D]. */
export function networkDenoiser(field: Field, { labels, none, guidance }: Conditions): Denoise {
  const told =
    (classes: Int32Array | undefined): Denoise =>
    async (x, sigmas) =>
      (await field.denoised(Float32Array.from(x), { sigmas, labels: classes })).denoised;
  if (guidance === undefined) return told(labels);
  return guided(told(labels), told(labels?.map(() => none)), guidance);
}
