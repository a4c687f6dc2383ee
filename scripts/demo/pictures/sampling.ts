// Draws what the state asks for, and again where the network has learned since.
import { batch, effect, signal, untracked } from "@preact/signals";
import type { Engine, PictureFrame, PictureSampling } from "../engine/protocol.ts";
import { pictures, playback } from "../state/pictures.ts";
import { stillness } from "../ui/stillness.ts";
import { complain, problem, type Run, run, training } from "./live.ts";
import { request } from "./request.ts";

/** Raised to draw again with the weights that there are by then. */
const passes = signal(0);
const drawing = signal(0);
/** Milliseconds that the last pictures took. */
let lasted = 0;

/** Sliders move often; a moment's rest is waited for. */
const REST_MS = 120;

/** Draws the same again; the run that is shown stays until that is complete. */
export function drawAgain(): void {
  passes.value++;
}

export const isDrawing = (): boolean => drawing.peek() > 0;
export const drawingTime = (): number => lasted;

/** Goes on until the returned function is called. */
export function keepDrawing(engine: Engine): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shown: PictureSampling | undefined;
  const dispose = effect(() => {
    const wanted = request.value;
    passes.value;
    clearTimeout(timer);
    const another = wanted !== shown;
    shown = wanted;
    if (wanted === undefined) return;
    timer = setTimeout(() => untracked(() => void record(engine, wanted, another)), another ? REST_MS : 0);
  });
  return () => {
    clearTimeout(timer);
    dispose();
  };
}

async function record(engine: Engine, wanted: PictureSampling, another: boolean): Promise<void> {
  const frames: PictureFrame[] = [];
  const trained = training.peek().step;
  const began = performance.now();
  let waiting = 0;
  drawing.value++;
  try {
    await engine.start(pictures.device.peek());
    const complete = await engine.pictures.sample(wanted, (frame) => {
      frames.push(frame);
      // As often as the page is drawn; what is drawn again is seen when it is complete.
      if (another) waiting ||= requestAnimationFrame(() => see({ frames, complete: false, trained }, wanted));
      if (frames.length > 1) return;
      problem.value = "";
      if (another) begin();
    });
    cancelAnimationFrame(waiting);
    if (complete) see({ frames, complete: true, trained }, wanted);
  } catch (error) {
    cancelAnimationFrame(waiting);
    if (request.peek() === wanted) complain(error);
  } finally {
    drawing.value--;
    lasted = performance.now() - began;
  }

  function see(seen: Run, of: PictureSampling): void {
    waiting = 0;
    if (request.peek() === of) run.value = seen;
  }
}

/** Plays from the start, unless the reader wants no motion or a link rests at a step. */
function begin(): void {
  const fresh = run.peek() === undefined;
  if (stillness.peek() || (fresh && playback.at.peek() !== Number.POSITIVE_INFINITY)) return;
  batch(() => {
    playback.at.value = 0;
    playback.playing.value = true;
  });
}
