// What the page shows, in words and numbers.
import { densityTitles, methodTitles, plane, playback } from "../state/plane.ts";
import { placeIn, runs, sigma } from "./live.ts";
import { frameAt, lastOf, type Run } from "./run.ts";

/** A positive number with three digits. */
export const short = (x: number): string => (x === 0 ? "0" : String(Number(x.toPrecision(3))));

const dashes = { sigma: "–", nfe: "–", distance: "–" };

/** Noise level, evaluations and distance of a panel's present frame; of equal laws its estimate may come out below 0. */
export function readings(panel: 0 | 1): typeof dashes {
  const run = runs[panel].value;
  if (!run?.frames.length) return dashes;
  const { sigma, nfe, distance } = frameAt(run, placeIn(run));
  return { sigma: short(sigma), nfe: String(nfe), distance: Math.max(0, distance).toFixed(3) };
}

/** Who moves the particles. */
export const mover = ({ source, trained }: Run): string =>
  source === "true" ? "true score" : `network, step ${trained}`;

/** A panel for those who do not see it; while it plays or is computed it says so, and numbers come when it rests. */
export function describe(panel: 0 | 1): string {
  const run = runs[panel].value;
  const title = densityTitles[plane.density.value];
  if (!run?.frames.length) return `${title}. No particles yet.`;
  const about = `${title}: ${run.frames[0]!.x.length / 2} particles moved by ${methodTitles[run.method]} with the ${mover(run)}`;
  if (playback.playing.value) return `${about}, playing.`;
  if (!run.complete) return `${about}, under way.`;
  const { nfe, distance } = readings(panel);
  const step = `step ${Math.round(placeIn(run))} of ${lastOf(run)}`;
  return `${about}, ${step}, noise level ${short(sigma.value)}, ${nfe} evaluations, energy distance ${distance}.`;
}
