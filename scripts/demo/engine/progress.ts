// Progress of a training for the page: some reports a second, however fast the steps are.
import type { TrainingProgress } from "./protocol.ts";

/** Milliseconds between reports. */
const interval = 100;

export class Progress {
  private readonly totalSteps: number;
  private readonly report: (progress: TrainingProgress) => void;
  private losses: number[] = [];
  private step = 0;
  private since = performance.now();

  constructor(totalSteps: number, report: (progress: TrainingProgress) => void) {
    this.totalSteps = totalSteps;
    this.report = report;
  }

  add({ step, loss }: { readonly step: number; readonly loss: number }): void {
    this.losses.push(loss);
    this.step = step;
    if (performance.now() - this.since >= interval || step === this.totalSteps) this.finish();
  }

  /** Reports the steps since the last report, if there are some. */
  finish(): void {
    if (this.losses.length === 0) return;
    const { step, totalSteps } = this;
    const stepsPerSecond = (1000 * this.losses.length) / (performance.now() - this.since);
    this.report({ step, totalSteps, losses: Float32Array.from(this.losses), stepsPerSecond });
    this.losses = [];
    this.since = performance.now();
  }
}
