// Runs the samplers that the state names, and runs them again where the network has learned since.
import { batch, effect, signal, untracked } from "@preact/signals";
import type { FieldSource, PlaneEngine, PlaneFrame, PlaneInfo, PlaneSampling } from "../engine/protocol.ts";
import { type PlaneMethod, plane, playback } from "../state/plane.ts";
import { stillness } from "../ui/stillness.ts";
import { complain, info, paths, problem, runs, training } from "./live.ts";
import type { Run } from "./run.ts";

/** Raised to run again with the weights that there are by then. */
const passes = signal(0);

/** How the next run comes to be seen. */
type Entrance = "from its start" | "when complete";
let entrance: Entrance = "from its start";

/** Runs again; the run that is shown stays until then. */
export function sampleAgain(next: Entrance): void {
  entrance = next;
  passes.value++;
}

/** Whether the network has learned since this run, or was not there yet. */
export const isOutdated = (run: Run | undefined): boolean =>
  run !== undefined && plane.source.peek() === "learned" && run.trained !== training.peek().step;

const sourceNow = (wanted: FieldSource): FieldSource =>
  wanted === "learned" && training.peek().step > 0 ? "learned" : "true";

/** Keeps the panels' runs, until the returned function is called. */
export function keepSampling(engine: PlaneEngine): () => void {
  const panels = [
    keepRun(engine, 0, () => plane.method.value),
    keepRun(engine, 1, () => (plane.compare.value ? plane.rival.value : undefined)),
    keepPaths(engine),
  ];
  return () => {
    for (const dispose of panels) dispose();
  };
}

function keepRun(engine: PlaneEngine, panel: 0 | 1, method: () => PlaneMethod | undefined): () => void {
  let shown: { readonly asked: string; readonly info: PlaneInfo } | undefined;
  let turn = 0;
  return effect(() => {
    const chosen = method();
    const opened = info.value;
    passes.value;
    const mine = ++turn;
    if (chosen === undefined || opened === undefined) {
      runs[panel].value = undefined;
      if (shown) untracked(rewind);
      shown = undefined;
      return;
    }
    const request = requestOf(panel, chosen);
    const asked = JSON.stringify({ ...request, source: plane.source.value });
    const another = shown?.asked !== asked || shown.info !== opened;
    shown = { asked, info: opened };
    untracked(() => {
      if (another) {
        problem.value = "";
        if (runs[panel].value) rewind();
        runs[panel].value = undefined;
        entrance = "from its start";
      }
      void record(engine, request, chosen, (run, first) => {
        if (mine === turn) show(panel, run, first);
      });
    });
  });
}

function requestOf(panel: number, method: PlaneMethod): PlaneSampling {
  const side = plane.guidance.value;
  return {
    panel,
    method,
    steps: method === "rk45" ? undefined : plane.steps.value,
    seed: plane.noise.value,
    source: sourceNow(plane.source.value),
    count: plane.count.value,
    guidance: side === "none" ? undefined : { side, weight: plane.weight.value },
  };
}

/** A run that is waited for replaces the old one with its first frame, unless it rests: then with its last. */
function show(panel: 0 | 1, run: Run, first: boolean): void {
  if (runs[panel].peek() !== undefined && entrance === "when complete" && !run.complete) return;
  batch(() => {
    runs[panel].value = run;
    if (first && entrance === "from its start") begin();
  });
}

/** Another run is seen from its start, wherever the old one was. */
function rewind(): void {
  playback.at.value = Number.POSITIVE_INFINITY;
}

/** Plays from the start, unless the reader wants no motion, or rests at a step or a noise level. */
function begin(): void {
  const resting = playback.at.peek() !== Number.POSITIVE_INFINITY || plane.sigma.peek() !== 0;
  if (stillness.peek() || resting) return;
  playback.at.value = 0;
  playback.playing.value = true;
}

async function record(
  engine: PlaneEngine,
  request: PlaneSampling,
  method: PlaneMethod,
  see: (run: Run, first: boolean) => void,
): Promise<void> {
  const trained = request.source === "learned" ? training.peek().step : 0;
  const frames: PlaneFrame[] = [];
  let seen = 0;
  const publish = (complete: boolean) => {
    see({ method, source: request.source, trained, frames: frames.slice(), complete }, seen === 0);
    seen = frames.length;
  };
  let waiting = 0;
  try {
    const complete = await engine.sample(request, (frame) => {
      frames.push(frame);
      // As often as the page is drawn.
      waiting ||= requestAnimationFrame(() => {
        waiting = 0;
        publish(false);
      });
    });
    cancelAnimationFrame(waiting);
    if (complete) publish(true);
  } catch (error) {
    cancelAnimationFrame(waiting);
    complain(error);
  }
}

const PATHS = { panel: 2, method: "heun", steps: 80, count: 72, seed: 1 } as const;

/** The probability flow of the same score, while its paths are shown. */
const keepPaths = (engine: PlaneEngine): (() => void) =>
  effect(() => {
    passes.value;
    if (!plane.paths.value || info.value === undefined) {
      paths.value = undefined;
      return;
    }
    const request = { ...PATHS, source: sourceNow(plane.source.value) };
    untracked(() => {
      void record(engine, request, "heun", (run) => {
        if (run.complete) paths.value = run;
      });
    });
  });
