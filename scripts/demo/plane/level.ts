// The noise level that is looked at: chosen by hand, or that of the run while it plays.
import { effect } from "@preact/signals";
import { plane, playback } from "../state/plane.ts";
import { placeIn, runs, sigma } from "./live.ts";
import { frameAt, nearestTo } from "./run.ts";

/** A level that is set lets the run rest where its noise is nearest. */
export const level = {
  get value() {
    return sigma.value;
  },
  set value(wanted: number) {
    playback.playing.value = false;
    plane.sigma.value = wanted;
    const run = runs[0].peek();
    if (!run?.frames.length) return;
    const nearest = nearestTo(run, wanted);
    // Where all steps have the same noise there is nowhere to go.
    if (run.frames[nearest]!.sigma !== frameAt(run, placeIn(run)).sigma) playback.at.value = nearest;
  },
};

/** Whoever plays wants to see the run's own level; goes on until the returned function is called. */
export const followWhilePlaying = (): (() => void) =>
  effect(() => {
    if (playback.playing.value) plane.sigma.value = 0;
  });
