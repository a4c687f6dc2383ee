// The data that a run was trained on, opened again.
import { sizeOf } from "../../lib/artifact/shape.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { openData } from "./data.ts";

/** The data by the name and options that the manifest remembers. Throws UserError when they are gone. */
export const runData = (
  { data: { source, options } }: Artifact["manifest"],
  seed: number,
): Promise<Dataset> => openData(source, seed, options);

/** The first samples of a data set, [N,...shape], at most `most` of them. */
export async function firstSamples(dataset: Dataset, most: number): Promise<Float32Array> {
  const count = Math.min(most, dataset.size);
  const samples = new Float32Array(count * sizeOf(dataset.shape));
  await dataset.read(
    Array.from({ length: count }, (_, i) => i),
    samples,
  );
  return samples;
}
