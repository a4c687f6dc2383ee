// The noise levels of a model: a ladder that suits the data, one level, or those of the preset's own schedule.
import type { Manifest } from "../../lib/artifact/manifest.ts";
import { type ObjectiveName, objectives } from "../../lib/author/objectives/index.ts";
import type { Objective } from "../../lib/author/objectives/objective.ts";
import { UsageError } from "../../lib/errors.ts";
import { type FamilyWeightingName, openScheduleOf } from "../../lib/theory/family.ts";
import { balancedStep } from "../../lib/theory/langevin-step.ts";
import { usualHistory } from "../../lib/theory/loss-second-moment.ts";
import { ladderRatio } from "../../lib/theory/noise-ladder.ts";
import { rangeOf, sigmaGrids } from "../../lib/theory/sigma-grids.ts";
import type { Suggestion } from "../../lib/theory/suggest.ts";
import type { Preset, PresetSchedule } from "../../models/preset.ts";

interface NoiseChoice {
  readonly sigma?: number | undefined;
  readonly weighting?: FamilyWeightingName | undefined;
  readonly objective?: ObjectiveName | undefined;
  readonly times?: TimesName | undefined;
}

/** How the times of a schedule are drawn: each as often as any other, or a chain's by importance (Nichol & Dhariwal 2021, section 3.3). */
export type TimesName = "uniform" | "loss-second-moment";

/** The noise levels of a choice and the Langevin steps that suit them. */
export function noiseFor(choice: NoiseChoice, preset: Preset, suggestion: Suggestion) {
  const sigma =
    choice.sigma ?? preset.sigma ?? (learnsFromItself(choice, preset) ? chainLevel(suggestion) : undefined);
  const { dataStd: sigmaData, stepSize, stepsPerLevel } = suggestion;
  const weighting = choice.weighting ?? preset.weighting;
  if (sigma !== undefined)
    return {
      // At sigma 0 there is no noise to scale the network's output by.
      noise: {
        ...timed(oneLevel(sigma), choice.times),
        preconditioning: sigma === 0 ? "score" : preset.preconditioning,
        weighting,
        sigmaData,
      },
      langevin: { stepSize: singleLevelStep(sigma, sigmaData), stepsPerLevel },
    };
  const own = preset.schedule ? scheduledLevels(preset.schedule) : ladderLevels(suggestion);
  const levels = timed(own, choice.times);
  return {
    noise: { ...levels, preconditioning: preset.preconditioning, weighting, sigmaData },
    langevin: preset.schedule ? balancedLangevin(levels.sigmas, stepsPerLevel) : { stepSize, stepsPerLevel },
  };
}

type Levels = Pick<Manifest["noise"], "sigmas" | "schedule" | "training">;

const oneLevel = (sigma: number): Levels => ({
  sigmas: [sigma],
  schedule: { name: "edm" },
  training: { kind: "ladder" },
});

const ladderLevels = ({ sigmas, sigmaMax, sigmaMin }: Suggestion): Levels => ({
  sigmas: [...sigmas],
  schedule: { name: "ve", sigmaMin, sigmaMax },
  training: { kind: "ladder" },
});

/** The levels of a preset's own schedule, as many as its grid has. */
function scheduledLevels({ record, training, grid, steps }: PresetSchedule): Levels {
  const schedule = openScheduleOf(record);
  return { sigmas: sigmaGrids[grid]({ steps, schedule, ...rangeOf(schedule) }), schedule: record, training };
}

/** The levels as they are, or their times drawn by the losses. Throws UsageError for a schedule without times to choose among. */
function timed(levels: Levels, times: TimesName | undefined): Levels {
  if (times !== "loss-second-moment") return levels;
  const { discrete } = openScheduleOf(levels.schedule);
  if (!discrete)
    throw new UsageError(
      `--times ${times}: expected a schedule of discrete steps, such as that of --preset digits-iddpm`,
    );
  return { ...levels, training: { kind: times, steps: discrete.steps, ...usualHistory } };
}

/** The Langevin step that suits a ladder (Song & Ermon 2020, technique 4), by its mean ratio where that varies. */
export function balancedLangevin(sigmas: readonly number[], stepsPerLevel: number) {
  const sigmaMin = sigmas.at(-1)!;
  const gamma = ladderRatio(sigmas[0]!, sigmaMin, sigmas.length);
  return { stepSize: balancedStep({ sigmaMin, gamma, stepsPerLevel }), stepsPerLevel };
}

/** Whether the objective needs samples of the model itself, whose chains know one noise level. */
function learnsFromItself({ objective }: NoiseChoice, preset: Preset): boolean {
  const known: Readonly<Record<string, Objective>> = objectives;
  return Object.values(known[objective ?? preset.objective]?.draws ?? {}).includes("negative");
}

/** A third of the data's own size smooths the energy enough for chains to move, and leaves the data's form. */
const chainLevel = ({ dataStd }: Suggestion): number => 0.3 * dataStd;

/** Half the variance of the noise is stable whatever the data are; clean data are as smooth as they are, which is hoped to suit. */
const singleLevelStep = (sigma: number, sigmaData: number): number =>
  sigma > 0 ? sigma ** 2 / 2 : (sigmaData / 20) ** 2;
