// What the engine has answered: the open density, the network, the runs and the field, as signals.
import { computed, signal } from "@preact/signals";
import type { NetworkInfo, PlaneInfo, PlaneSetup } from "../engine/protocol.ts";
import { networks, plane, playback } from "../state/plane.ts";
import { drawnRadius } from "../state/plane-points.ts";
import { type Training, untrained } from "../state/training.ts";
import type { ShownField } from "./layers/layer.ts";
import { frameAt, lastOf, type Run } from "./run.ts";
import { type View, viewOf } from "./view.ts";
import { wordPoints } from "./word.ts";

export const info = signal<PlaneInfo | undefined>(undefined);
export const network = signal<NetworkInfo | undefined>(undefined);
export const training = signal<Training>(untrained);
/** One for each panel. */
export const runs = [signal<Run | undefined>(undefined), signal<Run | undefined>(undefined)] as const;
export const paths = signal<Run | undefined>(undefined);
export const field = signal<ShownField | undefined>(undefined);
/** What went wrong, as one line. */
export const problem = signal("");
/** What has just happened, for those who do not see it. */
export const status = signal("");

/** Says what went wrong. */
export const complain = (error: unknown): void => {
  problem.value = error instanceof Error ? error.message : String(error);
};

export const setup = computed<PlaneSetup>(() => ({
  density: densityOf(),
  objective: plane.objective.value,
  family: plane.family.value,
  hidden: networks[plane.network.value],
  learningRate: plane.rate.value,
  seed: plane.seed.value,
}));

function densityOf(): string | Float32Array {
  const name = plane.density.value;
  if (name === "word") return wordPoints(plane.word.value);
  return name === "drawn" ? plane.points.value : name;
}

/** Own drawings keep their paper, whatever is drawn on it. */
const paper = { middle: [0, 0], half: drawnRadius } as const;

export const view = computed<View | undefined>(() => {
  const fitting = info.value && viewOf(info.value);
  if (plane.density.value !== "drawn") return fitting;
  return { centre: [0, 0], sigmaData: 1, ...fitting, ...paper };
});

/** The last step of the first panel's run, which the timeline counts. */
export const last = computed(() => lastOf(runs[0].value));

/** The place of a panel in its own run: both come to their end together. */
export function placeIn(run: Run | undefined): number {
  const share = Math.min(1, playback.at.value / Math.max(1, last.value));
  return share * lastOf(run);
}

const runSigma = computed(() => {
  const run = runs[0].value;
  return run?.frames.length ? frameAt(run, placeIn(run)).sigma : undefined;
});

/** The noise level that is looked at: the chosen one, or that of the run, which is nothing only before the first frame. */
export const sigma = computed(() => {
  const smallest = info.value?.sigmas.at(-1) ?? 0;
  return Math.max(smallest, plane.sigma.value || (runSigma.value ?? info.value?.sigmas[0] ?? 0));
});
