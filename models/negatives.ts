// How energy-based models draw their negatives, for points and for images.
import type { NegativesEntry } from "../lib/artifact/manifest.ts";

export type NegativesStart = NegativesEntry["start"];

export interface NegativesSetting {
  readonly sigma: number;
  readonly sigmaData: number;
  readonly batch: number;
}

/** The chains of a preset: its own start, or the one that is asked for. */
export type NegativesMaker = (at: NegativesSetting, start?: NegativesStart) => NegativesEntry;

/** Langevin dynamics proper, whose steps are an eighth of the noise's variance: at half of it training goes wrong. */
export const pointNegatives: NegativesMaker = (
  { sigma, sigmaData, batch },
  start = "contrastive-divergence",
) => {
  const stepSize = (sigma || sigmaData / 10) ** 2 / 8;
  const langevin = {
    steps: 20,
    stepsPerRun: 20,
    stepSize,
    noise: Math.sqrt(2 * stepSize),
    limit: null,
    range: null,
  };
  const prior = { kind: "normal", std: sigmaData } as const;
  return withStart(start, langevin, prior, 4 * batch);
};

/** Bounded moves at a low temperature, as images need (Du & Mordatch 2019), on data in [-1, 1]. */
export const imageNegatives: NegativesMaker = (_, start = "persistent") => {
  const langevin = {
    steps: 20,
    stepsPerRun: 1,
    stepSize: 1,
    noise: 0.01,
    limit: 0.06,
    range: [-1, 1],
  } as const;
  return withStart(start, langevin, { kind: "uniform", bound: 1 }, 1024);
};

type Persistent = Extract<NegativesEntry, { start: "persistent" }>;
type Langevin = Omit<Persistent, "start" | "prior" | "buffer" | "restart">;

function withStart(
  start: NegativesStart,
  langevin: Langevin,
  prior: Persistent["prior"],
  buffer: number,
): NegativesEntry {
  const starts = {
    "contrastive-divergence": { start: "contrastive-divergence", ...langevin },
    "short-run": { start: "short-run", ...langevin, prior },
    persistent: { start: "persistent", ...langevin, prior, buffer, restart: 0.05 },
  } as const satisfies Record<NegativesStart, NegativesEntry>;
  return starts[start];
}
