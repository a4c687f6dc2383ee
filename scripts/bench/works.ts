// What is measured of a network: one entry for each kind of work, which answers rows.
import type { WorkName } from "./cases.ts";
import { compared } from "./compare.ts";
import type { Measurement } from "./measurement.ts";
import { trainingMemory } from "./memory.ts";
import type { Row } from "./row.ts";
import { sampleScript, startUp } from "./start-up.ts";

interface Work {
  readonly summary: string;
  measure(measurement: Measurement): Promise<Row[]>;
}

export const works: Readonly<Record<WorkName, Work>> = {
  "start-up": { summary: "authoring the graphs and opening their sessions, once", measure: startUp },
  step: { summary: "a training step", measure: (of) => compared("step", of) },
  evaluation: { summary: "an evaluation of the network", measure: (of) => compared("evaluation", of) },
  sampling: { summary: "a whole run of DDIM, 50 steps", measure: (of) => compared("sampling", of) },
  memory: { summary: "the most memory of a process that only trains", measure: trainingMemory },
  "sample.ts": { summary: "the whole process, from the command to the PNG on disk", measure: sampleScript },
};

export const workNames = Object.keys(works) as WorkName[];
