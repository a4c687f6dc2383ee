// Endless data from a density in closed form.

import { stream } from "../../random.ts";
import type { GaussianMixture } from "../../theory/gaussian-mixture.ts";
import type { Dataset } from "../dataset.ts";

/** Draws from the mixture as an endless dataset; sample `index` is a function of (seed, index) alone. */
export function exactDataset(name: string, mixture: GaussianMixture, seed: number): Dataset {
  return {
    name,
    shape: [mixture.dimensions],
    size: Number.POSITIVE_INFINITY,
    classes: 0,
    density: { form: "exact", mixture },
    async read(indices, samples) {
      indices.forEach((index, i) => {
        samples.set(mixture.sample(stream(seed, name, index)), i * mixture.dimensions);
      });
    },
  };
}
