// Ctrl-C: the work in progress is told and ends by itself, between two steps.

export interface Interrupt extends Disposable {
  readonly signal: AbortSignal;
}

/** Turns SIGINT and SIGTERM into an abort signal until it is disposed of. */
export function interrupt(): Interrupt {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const names = ["SIGINT", "SIGTERM"] as const;
  for (const name of names) process.on(name, abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, abort);
    },
  };
}
