// Progress of long work on standard error: a bar with rate and time left in a terminal, nothing elsewhere.
import { SingleBar } from "cli-progress";

export interface Progress extends Disposable {
  /** Shows that `done` steps are finished, with a short note such as the loss; the total may change. */
  update(done: number, note: string, total?: number): void;
}

let drawing = false;

/**
 * Says something on standard error, above the bar where one is drawn. The bar goes back to a saved place of the cursor when it
 * ends, so the line below is saved anew.
 */
export function tell(line: string): void {
  process.stderr.write(drawing ? `\r\x1b[K${line}\n\x1b7` : `${line}\n`);
}

/** A bar for `total` steps of which `done` were finished before; `unit` names a step. */
export function progress(title: string, unit: string, total: number, done = 0): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, [Symbol.dispose]: () => {} };
  const bar = new SingleBar({
    format: `${title} {bar} {value}/{total} ${unit} | {rate}/s | {left} left | {note}`,
    stream: process.stderr,
    hideCursor: true,
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    // Steps block the event loop, so the bar is drawn when it is told to and not by a timer.
    noTTYOutput: false,
    fps: 10,
  });
  const start = performance.now();
  drawing = true;
  bar.start(total, done, { rate: "–", left: "–", note: "" });
  return {
    update(now, note, all = total) {
      const rate = ((now - done) / (performance.now() - start)) * 1000;
      bar.setTotal(all);
      bar.update(now, { rate: rate.toPrecision(3), left: duration((all - now) / rate), note });
    },
    [Symbol.dispose]: () => {
      bar.stop();
      drawing = false;
    },
  };
}

/** Seconds as 45s, 3m20s or 2h05m. */
function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}
