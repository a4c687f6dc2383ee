// What a demonstration is: a figure and the numbers that it shows.
import type { TopLevelSpec } from "vega-lite";
import type { Host } from "../../../lib/run/session.ts";
import type { Fields } from "../report.ts";

export interface PitfallOptions extends Host {
  readonly seed: number;
  /** Training steps of each model. */
  readonly steps: number;
  readonly signal: AbortSignal;
}

export interface Shown {
  readonly figure: TopLevelSpec;
  readonly numbers: Fields;
}

export interface Pitfall {
  readonly summary: string;
  /** Trains, samples and measures; undefined when interrupted. */
  show(options: PitfallOptions): Promise<Shown | undefined>;
}
