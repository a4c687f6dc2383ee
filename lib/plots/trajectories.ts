// The paths of particles through the plane, from where they start to where they end.

import type { Layer, Panel } from "./figure.ts";
import type { Numbers } from "./numbers.ts";
import {
  logDensity,
  type OnGrid,
  type PlaneOptions,
  pairs,
  plane,
  type Region,
  regionAround,
} from "./plane.ts";
import { accent, ink } from "./theme.ts";

export interface TrajectoryOptions extends PlaneOptions {
  /** Log density under the paths. */
  readonly density?: OnGrid;
  readonly region?: Region;
}

const ends = ["start", "end"] as const;

/** A line for each particle; frames[t] holds all positions [N,2] at step t. Throws on fewer than two frames or unequal ones. */
export function trajectories(frames: readonly Numbers[], options: TrajectoryOptions = {}): Panel {
  const steps = frames.map((frame) => pairs("trajectories", frame));
  checkFrames(steps);
  const { density, region = density?.grid ?? regionAround(...frames) } = options;
  const layers = [
    ...(density ? [logDensity("trajectories", density, "log density")] : []),
    lines(steps),
    endPoints(steps),
  ];
  return plane(region, layers, { title: "trajectories", ...options, filled: density !== undefined });
}

type Steps = readonly (readonly { x: number; y: number }[])[];

function checkFrames(steps: Steps): void {
  if (steps.length < 2) throw new Error(`trajectories: expected at least 2 frames, got ${steps.length}`);
  const odd = steps.findIndex((step) => step.length !== steps[0]!.length);
  if (odd > 0)
    throw new Error(
      `trajectories: expected ${steps[0]!.length} points in frame ${odd}, got ${steps[odd]!.length}`,
    );
}

const lines = (steps: Steps): Layer => ({
  data: { values: steps.flatMap((step, t) => step.map((point, particle) => ({ ...point, t, particle }))) },
  mark: { type: "line", clip: true, color: ink, strokeWidth: 0.8, opacity: fainter(steps) },
  encoding: { detail: { field: "particle" }, order: { field: "t", type: "quantitative" } },
});

// Many paths on top of each other are still to be told apart.
const fainter = (steps: Steps) => Math.min(0.6, Math.max(0.12, 2000 / (steps.length * steps[0]!.length)));

const endPoints = (steps: Steps): Layer => ({
  data: {
    values: ends.flatMap((end) => steps.at(end === "start" ? 0 : -1)!.map((point) => ({ ...point, end }))),
  },
  mark: { type: "point", clip: true, filled: true, size: 34, opacity: 1, stroke: ink, strokeWidth: 0.8 },
  encoding: {
    fill: {
      field: "end",
      type: "nominal",
      scale: { domain: [...ends], range: ["white", accent] },
      legend: { title: null },
    },
    shape: { field: "end", type: "nominal", scale: { domain: [...ends], range: ["square", "circle"] } },
  },
});
