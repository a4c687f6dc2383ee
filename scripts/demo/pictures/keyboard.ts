// What keys do on the pictures' page.
import { pictures, playback } from "../state/pictures.ts";
import { playOrPause, stepBy } from "../ui/timeline.tsx";
import { last } from "./live.ts";

export const keys: Readonly<Record<string, () => void>> = {
  " ": () => playOrPause(playback, 1, last.peek()),
  ArrowRight: () => stepBy(playback, 1, last.peek()),
  ArrowLeft: () => stepBy(playback, -1, last.peek()),
  r: () => {
    pictures.seed.value++;
  },
};
