// Low-density regions: without noise a score is learned only where data are (Song & Ermon 2019, section 3.2.1).
import { twoGaussians } from "../../../lib/data/densities/mixtures.ts";
import { errorMap } from "../../../lib/plots/error-map.ts";
import { figure } from "../../../lib/plots/figure.ts";
import type { Grid, OnGrid } from "../../../lib/plots/plane.ts";
import { Field } from "../../../lib/run/field.ts";
import { learnedScore, relativeErrors, trueScore } from "../field-figures.ts";
import type { Fit } from "../fit.ts";
import type { Pitfall, PitfallOptions } from "./pitfall.ts";
import { chosenPoints, trained } from "./trained.ts";

const data = "two-gaussians";
const objective = "sliced-vr";
const grid: Grid = { x: [-9, 9], y: [-9, 9], columns: 60, rows: 60 };
/** The last is as wide as the gap between the modes. */
const sigmas = [0.5, 1.5, 7];

export const lowDensity: Pitfall = {
  summary: "without noise a score is wrong where no data are, with noise it is right everywhere",
  async show(options) {
    const clean = await trained(options, { data, objective, sigma: 0 });
    const noisy = clean && (await trained(options, { data, objective, sigma: undefined }));
    if (!noisy) return undefined;
    const maps = [{ sigma: 0, error: await errors(options, clean, 0) }];
    for (const sigma of sigmas) maps.push({ sigma, error: await errors(options, noisy, sigma) });
    const points = await chosenPoints(data, options.seed);
    const panel = errorMap(maps, { quantity: "|s − s*| / |s*|", limit: 1, columns: 4, points });
    return {
      figure: figure([[panel]], "Relative error of the learned score, without noise (σ = 0) and with it"),
      numbers: Object.fromEntries(
        maps.map(({ sigma, error }) => [`wrong by half or more at sigma ${sigma}`, share(error, 0.5)]),
      ),
    };
  },
};

async function errors(options: PitfallOptions, { artifact, weights }: Fit, sigma: number): Promise<OnGrid> {
  await using field = await Field.open({ ...options, artifact, weights });
  const truth = trueScore({ form: "exact", mixture: twoGaussians() }, sigma, grid);
  return relativeErrors(await learnedScore({ field }, grid, sigma), truth);
}

/** The share of cells whose value is `least` or more. */
const share = ({ values }: OnGrid, least: number): number =>
  Array.from(values).filter((value) => value >= least).length / values.length;
