// A run that has come to its end is run again where the network has learned since.
import { playback } from "../state/plane.ts";
import { runs, training } from "./live.ts";
import { isOutdated, sampleAgain } from "./sampling.ts";

/** The end is looked at for a while. */
const PAUSE_MS = 900;

/** When a run has been played to its end. */
export function replayWhenLearned(): void {
  if (!isOutdated(runs[0].peek()) || training.peek().step === 0) return;
  setTimeout(() => {
    const rests = !playback.playing.peek() && playback.at.peek() === Number.POSITIVE_INFINITY;
    if (rests && isOutdated(runs[0].peek())) sampleAgain("from its start");
  }, PAUSE_MS);
}

/** When the network has learned what it was to learn: a run that rests is replaced where it is, one that plays comes to its end first. */
export function refreshWhenLearned(): void {
  const resting = !playback.playing.peek();
  if (resting && isOutdated(runs[0].peek())) sampleAgain("when complete");
}
