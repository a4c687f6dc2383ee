// Learning-rate schedules: linear warm-up, then constant or cosine decay.

/** What remains of the peak after a fraction `progress` in [0, 1] of the steps that follow the warm-up. */
export const decays = {
  constant: () => 1,
  // (Loshchilov & Hutter 2017, Eq. 5, without restarts)
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
} satisfies Record<string, (progress: number) => number>;

export type DecayName = keyof typeof decays;

export interface LearningRateSchedule {
  readonly peak: number;
  /** Steps of linear warm-up; 0 for none. */
  readonly warmup: number;
  readonly decay: DecayName;
  /** Steps of the whole training, warm-up included; from there on the rate stays as it is. */
  readonly total: number;
  /** The rate at which the decay ends. */
  readonly floor: number;
}

/** The rate of step number `step`, counted from 0; the first step of a warm-up is peak / warmup, not 0. */
export function learningRate(step: number, schedule: LearningRateSchedule): number {
  const { peak, warmup, decay, total, floor } = schedule;
  if (step < warmup) return (peak * (step + 1)) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
  return floor + (peak - floor) * decays[decay](progress);
}
