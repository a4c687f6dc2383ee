// What the engine has answered: the open model, the run that is shown and the training, as signals.
import { computed, signal } from "@preact/signals";
import type { PictureFrame, PictureModel } from "../engine/protocol.ts";
import { playback } from "../state/pictures.ts";
import { type Training, untrained } from "../state/training.ts";

/** A recorded run of a sampler; more frames arrive until it is complete. */
export interface Run {
  readonly frames: readonly PictureFrame[];
  readonly complete: boolean;
  /** The training step whose weights drew it. */
  readonly trained: number;
}

export const model = signal<PictureModel | undefined>(undefined);
export const run = signal<Run | undefined>(undefined);
export const training = signal<Training>(untrained);
/** What went wrong, as one line. */
export const problem = signal("");
/** What has just happened, for those who do not see it. */
export const status = signal("");

/** Says what went wrong. */
export const complain = (error: unknown): void => {
  problem.value = error instanceof Error ? error.message : String(error);
};

/** The index of the last frame that the run will have: of a long run every so many steps are frames. */
export const last = computed(() => {
  if (run.value === undefined) return 0;
  const { frames, complete } = run.value;
  const { steps, step } = frames[0]!;
  return complete || steps === undefined ? frames.length - 1 : Math.ceil(steps / step) - 1;
});

/** The frame that is shown. */
export const frame = computed(() => {
  const frames = run.value?.frames;
  return frames?.[Math.min(frames.length - 1, Math.max(0, Math.floor(playback.at.value)))];
});

/** The numbers of one picture. */
export const pixelsOf = ({ shape: [channels, height, width] }: Pick<PictureModel, "shape">): number =>
  channels * height * width;
