// How far a training has come, as both parts of the page show it.
import type { TrainingProgress } from "../engine/protocol.ts";
import { emptyCurve, extended, type LossCurve } from "./loss-curve.ts";

export interface Training {
  readonly step: number;
  readonly curve: LossCurve;
  readonly stepsPerSecond: number;
  readonly running: boolean;
}

export const untrained: Training = { step: 0, curve: emptyCurve, stepsPerSecond: 0, running: false };

/** What a report changes. */
export const advanced = (
  { curve }: Training,
  { step, losses, stepsPerSecond }: TrainingProgress,
): Partial<Training> => ({ step, curve: extended(curve, losses), stepsPerSecond });
