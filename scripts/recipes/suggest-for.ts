// Noise levels that suit a data set, from a look at some of its samples.
import { sizeOf } from "../../lib/artifact/shape.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { moments, type Suggestion, suggest } from "../../lib/theory/suggest.ts";
import type { Preset } from "../../models/preset.ts";

/** Images that the noise levels are suggested from. */
const suggestionSamples = 512;
/** Pairwise distances cost samples^2 dimensions / 2; beyond this, some seconds, large images are compared in smaller numbers. */
const suggestionCost = 2e9;

/** The noise ladder and Langevin step for a data set (Song & Ermon 2020, techniques 1, 2 and 4). */
export async function suggestFor(dataset: Dataset, preset: Preset): Promise<Suggestion> {
  const dimensions = sizeOf(dataset.shape);
  const affordable = Math.max(2, Math.floor(Math.sqrt((2 * suggestionCost) / dimensions)));
  const samples = Math.min(suggestionSamples, dataset.size, affordable);
  const images = new Float32Array(samples * dimensions);
  // Evenly spread, because files may be sorted by class.
  const stride = Number.isFinite(dataset.size) ? dataset.size / samples : 1;
  await dataset.read(
    Array.from({ length: samples }, (_, i) => Math.floor(i * stride)),
    images,
  );
  const { overlap, stepsPerLevel, levels } = preset;
  // Images have one range whatever they show, points have units of their own.
  const sigmaMin = preset.sigmaMin * (dataset.shape.length === 1 ? moments(images).dataStd || 1 : 1);
  return suggest(images, samples, dimensions, { sigmaMin, overlap, stepsPerLevel, levels });
}
