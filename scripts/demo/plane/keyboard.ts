// What keys do on the plane's page.
import { type DensityName, densityTitles, plane, playback } from "../state/plane.ts";
import { playOrPause, stepBy } from "../ui/timeline.tsx";
import { level } from "./level.ts";
import { info, last } from "./live.ts";

const names = Object.keys(densityTitles) as DensityName[];

const choose = (name: DensityName) => () => {
  plane.density.value = name;
};

/** From one noise level to the next, a quarter more or less. */
const louder = (factor: number) => () => {
  const sigmas = info.peek()?.sigmas;
  if (sigmas === undefined) return;
  level.value = Math.min(sigmas[0]!, Math.max(sigmas.at(-1)!, level.value * factor));
};

export const keys: Readonly<Record<string, () => void>> = {
  " ": () => playOrPause(playback, 1, last.peek()),
  ArrowRight: () => stepBy(playback, 1, last.peek()),
  ArrowLeft: () => stepBy(playback, -1, last.peek()),
  r: () => {
    plane.seed.value++;
  },
  n: () => {
    plane.noise.value++;
  },
  "[": louder(0.8),
  "]": louder(1.25),
  ...Object.fromEntries(names.map((name, i) => [String((i + 1) % 10), choose(name)])),
};
