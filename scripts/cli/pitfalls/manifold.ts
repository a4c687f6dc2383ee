// The manifold hypothesis: data on a curve have no score off it, and a little noise gives them one (Song & Ermon 2019, section 3.1).
import { figure } from "../../../lib/plots/figure.ts";
import { lossCurves } from "../../../lib/plots/loss-curves.ts";
import type { Grid } from "../../../lib/plots/plane.ts";
import { scoreField } from "../../../lib/plots/score-field.ts";
import { Field } from "../../../lib/run/field.ts";
import { learnedScore } from "../field-figures.ts";
import type { Fit } from "../fit.ts";
import type { Pitfall, PitfallOptions } from "./pitfall.ts";
import { chosenPoints, trained } from "./trained.ts";

const data = "circle";
const objective = "sliced-vr";
const noise = 0.1;
const grid: Grid = { x: [-2, 2], y: [-2, 2], columns: 20, rows: 20 };

export const manifold: Pitfall = {
  summary: "data on a curve have no score, and the loss has no end; a little noise mends both",
  async show(options) {
    const clean = await trained(options, { data, objective, sigma: 0 });
    const noisy = clean && (await trained(options, { data, objective, sigma: noise }));
    if (!noisy) return undefined;
    const points = await chosenPoints(data, options.seed);
    const panel = async (fit: Fit, sigma: number, title: string) =>
      scoreField(await learned(options, fit, sigma), { points, title, width: 330 });
    const fields = [
      await panel(clean, 0, "learned without noise"),
      await panel(noisy, noise, `learned with noise of σ = ${noise}`),
    ];
    return {
      figure: figure([
        [
          lossCurves([series("without noise", clean), series(`σ = ${noise}`, noisy)], {
            title: "sliced score matching on a circle",
            yTitle: "loss per dimension",
            scale: "linear",
            width: 700,
          }),
        ],
        fields,
      ]),
      numbers: { "last loss without noise": lastLoss(clean), "last loss with noise": lastLoss(noisy) },
    };
  },
};

const series = (name: string, { losses }: Fit) => ({
  name,
  steps: Float32Array.from(losses, (_, i) => i + 1),
  losses,
});

async function learned(options: PitfallOptions, { artifact, weights }: Fit, sigma: number) {
  await using field = await Field.open({ ...options, artifact, weights });
  return await learnedScore({ field }, grid, sigma);
}

/** The mean over the last tenth of the steps. */
function lastLoss({ losses }: Fit): number {
  const last = losses.subarray(Math.floor(0.9 * losses.length));
  return last.reduce((sum, loss) => sum + loss, 0) / last.length;
}
