// The noise levels that training draws: each on its own, or a chain's times, evenly or by the losses that were seen there.
import { type DiffusionEntry, lossCountsName, lossesName, type Manifest } from "../artifact/manifest.ts";
import { UserError } from "../errors.ts";
import type { RandomStream } from "../random.ts";
import { openScheduleOf } from "../theory/family.ts";
import { type DrawnTime, LossSecondMoment, timeDraw } from "../theory/loss-second-moment.ts";
import { type SigmaDistribution, sigmaDraw } from "../theory/sigma-distribution.ts";

/** A batch's noise levels, [B], and what the loss of each sample counts for. */
export interface DrawnLevels {
  readonly sigmas: Float64Array;
  /** Their times in the chain of a diffusion. */
  readonly times?: Int32Array;
  readonly importance: Float64Array;
}

export interface TrainingLevels {
  /** The levels of one step, each from a stream of its own. */
  draw(random: readonly RandomStream[]): DrawnLevels;
  /** Told the losses of the samples that were drawn last, [B], where the step graph answers them. */
  record(losses: ArrayLike<number>): void;
  /** What a checkpoint holds besides the state vectors: copies, by name. */
  carried(): Record<string, Float32Array>;
}

type Training = Manifest["noise"]["training"];
type ByLosses = Extract<Training, { kind: "loss-second-moment" }>;

/** How a manifest's levels are drawn, with the tensors that the run carries. Throws UserError for losses of another chain. */
export function trainingLevels(
  { noise, diffusion }: Pick<Manifest, "noise" | "diffusion">,
  carried: Readonly<Record<string, Float32Array>>,
): TrainingLevels {
  const { training } = noise;
  if (diffusion) return ofDiffusion(diffusion);
  return training.kind === "loss-second-moment"
    ? byLosses(training, noise, carried)
    : independent(training, noise);
}

function independent(training: SigmaDistribution, noise: Manifest["noise"]): TrainingLevels {
  const draw = sigmaDraw(training, { ...noise, schedule: openScheduleOf(noise.schedule) });
  return {
    draw: (random) => ({
      sigmas: Float64Array.from(random, draw),
      importance: new Float64Array(random.length).fill(1),
    }),
    record: () => {},
    carried: () => ({}),
  };
}

/** Evenly from 2..T, for the first step is not learned; the data are clean but for the chain's noise. */
const ofDiffusion = ({ steps }: DiffusionEntry): TrainingLevels => ({
  draw: (random) => ({
    sigmas: new Float64Array(random.length),
    times: Int32Array.from(random, (each) => 2 + each.integer(steps - 1)),
    importance: new Float64Array(random.length).fill(1),
  }),
  record: () => {},
  carried: () => ({}),
});

function byLosses(
  training: ByLosses,
  { schedule: record }: Manifest["noise"],
  carried: Readonly<Record<string, Float32Array>>,
): TrainingLevels {
  const { discrete, level } = openScheduleOf(record);
  if (discrete?.steps !== training.steps)
    throw new UserError(
      `manifest: noise.training expected a chain of ${training.steps} steps, the schedule "${record.name}" has ${discrete?.steps ?? "none"}`,
    );
  const tensors = { losses: carried[lossesName]!.slice(), counts: carried[lossCountsName]!.slice() };
  const sampler = new LossSecondMoment(training, tensors.losses, tensors.counts);
  let drawn: DrawnTime[] = [];
  return {
    draw: (random) => {
      drawn = random.map(timeDraw(sampler.probabilities()));
      return {
        sigmas: Float64Array.from(drawn, ({ t }) => level(t)),
        importance: Float64Array.from(drawn, ({ importance }) => importance),
      };
    },
    record: (losses) => {
      for (const [i, { t }] of drawn.entries()) sampler.record(t, losses[i]!);
    },
    carried: () => ({ [lossesName]: tensors.losses.slice(), [lossCountsName]: tensors.counts.slice() }),
  };
}
