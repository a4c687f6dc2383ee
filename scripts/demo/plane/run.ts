// A recorded run of a sampler: its frames, and where the particles are between two of them.
import type { FieldSource, PlaneFrame } from "../engine/protocol.ts";
import type { PlaneMethod } from "../state/plane.ts";
import { shrunk, type View } from "./view.ts";

export interface Run {
  readonly method: PlaneMethod;
  readonly source: FieldSource;
  /** The training step whose weights moved it. */
  readonly trained: number;
  /** In order; more arrive until it is complete. */
  readonly frames: readonly PlaneFrame[];
  readonly complete: boolean;
}

/** The index of the last frame that the run will have. */
export function lastOf(run: Run | undefined): number {
  if (run === undefined) return 0;
  const here = run.frames.length - 1;
  const first = run.frames[0]?.step ?? 0;
  const steps = run.frames[0]?.steps;
  return run.complete || steps === undefined ? here : Math.max(here, steps - first);
}

/** The frames on both sides of a place in a run, and how far it is between them. */
function around({ frames }: Run, at: number): { before: PlaneFrame; after: PlaneFrame; share: number } {
  const here = Math.min(frames.length - 1, Math.max(0, at));
  const before = frames[Math.floor(here)]!;
  return { before, after: frames[Math.ceil(here)]!, share: here - Math.floor(here) };
}

/** The frame that a place in a run is nearest to. */
export const frameAt = (run: Run, at: number): PlaneFrame => {
  const { before, after, share } = around(run, at);
  return share < 0.5 ? before : after;
};

/** The particles [n*2], or the first of them, as they are drawn at a place in the run, on straight lines from frame to frame. */
export function drawnAt(view: View, run: Run, at: number, count = Number.POSITIVE_INFINITY): Float32Array {
  const { before, after, share } = around(run, at);
  const from = shrunk(view, before.x.subarray(0, 2 * count), before.sigma);
  if (share === 0) return from;
  const to = shrunk(view, after.x.subarray(0, 2 * count), after.sigma);
  for (let i = 0; i < from.length; i++) from[i]! += share * (to[i]! - from[i]!);
  return from;
}

/** The frame whose noise is nearest to a level, in the logarithm; the later one of two. */
export function nearestTo({ frames }: Run, sigma: number): number {
  const off = frames.map((frame) => Math.abs(Math.log(Math.max(frame.sigma, 1e-9) / sigma)));
  const least = Math.min(...off);
  return off.lastIndexOf(least);
}
