// Trains the open run, and shows pictures of it on the way.
import type { Engine } from "../engine/protocol.ts";
import { pictures } from "../state/pictures.ts";
import { advanced, type Training } from "../state/training.ts";
import { complain, model, status, training } from "./live.ts";

import { drawAgain, drawingTime, isDrawing } from "./sampling.ts";

/** Milliseconds between pictures on the way, at least; and training takes so many times as long as they do. */
const PREVIEW_MS = 4000;
const SHARE = 4;

const isDue = (since: number): boolean =>
  !isDrawing() && performance.now() - since > Math.max(PREVIEW_MS, SHARE * drawingTime());

/** Trains up to step `to`, or until paused. */
export async function train(engine: Engine, to: number): Promise<void> {
  const opened = model.peek();
  if (opened?.training === undefined || to <= training.peek().step) return;
  const report = (news: Partial<Training>) => {
    // A model that was opened since then has a training of its own.
    if (model.peek() === opened) training.value = { ...training.peek(), ...news };
  };
  let shown = performance.now();
  report({ running: true });
  try {
    await engine.start(pictures.device.peek());
    await engine.pictures.train(to, (progress) => {
      report(advanced(training.peek(), progress));
      if (!isDue(shown) || model.peek() !== opened) return;
      shown = performance.now();
      drawAgain();
    });
  } catch (error) {
    if (model.peek() === opened) complain(error);
  } finally {
    report({ running: false });
  }
  if (model.peek() !== opened) return;
  pictures.trained.value = training.peek().step;
  status.value = `Trained ${training.peek().step} steps.`;
  drawAgain();
}

/** Saves the run as a zip that the command line goes on with. */
export async function download(engine: Engine): Promise<void> {
  const opened = model.peek();
  if (opened === undefined) return;
  try {
    const bytes = await engine.pictures.download();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([Uint8Array.from(bytes)], { type: "application/zip" }));
    link.download = `${opened.name.replace(/\.zip$/, "")}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    status.value = `${link.download} is saved.`;
  } catch (error) {
    complain(error);
  }
}
