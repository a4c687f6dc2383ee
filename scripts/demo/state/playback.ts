// A timeline as a part of the state: a link holds where it rests.
import { signal } from "@preact/signals";
import type { TimelineState } from "../ui/timeline.tsx";
import type { Entry } from "./stored.ts";

/** At the end of whatever run there will be. */
export const restingPlayback = (): TimelineState => ({
  at: signal(Number.POSITIVE_INFINITY),
  playing: signal(false),
  speed: signal(0.25),
});

/** A link holds where the run rests; while it plays there is no such place. */
export const restingPlace = ({ at, playing }: TimelineState): Entry => ({
  text: () =>
    playing.value || at.value === Number.POSITIVE_INFINITY ? undefined : String(Math.round(at.value)),
  read: (text) => {
    const step = Number(text);
    at.value = text !== undefined && Number.isInteger(step) && step >= 0 ? step : Number.POSITIVE_INFINITY;
  },
});
