// How far a training has come, as both parts of the page show it.
import type { TrainingProgress } from "../engine/protocol.ts";

export interface Training {
  readonly step: number;
  readonly losses: readonly number[];
  readonly stepsPerSecond: number;
  readonly running: boolean;
}

export const untrained: Training = { step: 0, losses: [], stepsPerSecond: 0, running: false };

/** What a report changes. */
export const advanced = (
  { losses: before }: Training,
  { step, losses, stepsPerSecond }: TrainingProgress,
): Partial<Training> => ({ step, losses: [...before, ...losses], stepsPerSecond });
