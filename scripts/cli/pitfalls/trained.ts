// Models that the demonstrations train.

import { suggestFor } from "../../recipes/suggest-for.ts";
import { type Fit, fit } from "../fit.ts";
import { chosenData, type ModelChoice, presetOf, unchosen } from "../prepare.ts";
import { firstSamples } from "../run-data.ts";
import type { PitfallOptions } from "./pitfall.ts";

const nothing = { ...unchosen, preset: "density" } as const;

/** The preset `density` on built-in data, with an objective and noise; undefined when interrupted. */
export async function trained(
  options: PitfallOptions,
  given: Pick<ModelChoice, "data" | "objective" | "sigma">,
): Promise<Fit | undefined> {
  const choice = { ...nothing, ...given, steps: options.steps, seed: options.seed };
  const dataset = await chosenData(choice);
  const suggestion = await suggestFor(dataset, presetOf(choice));
  const title = `${given.objective}${given.sigma === undefined ? "" : `, sigma ${given.sigma}`}`;
  return fit({ ...options, title, choice, dataset, suggestion });
}

/** Some of the data, [N,D]. */
export async function chosenPoints(data: string, seed: number): Promise<Float32Array> {
  return firstSamples(await chosenData({ ...nothing, data, seed }), 500);
}
