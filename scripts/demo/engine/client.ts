// The page's end of the worker.
import { signal } from "@preact/signals";
import { type ProxyMarked, proxy, type Remote, wrap } from "comlink";
import type { Engine, PictureEngine, PlaneEngine, WantedDevice } from "./protocol.ts";

/** What the worker shows: its parts stay where they are, and only their answers cross over. */
export interface Exposed {
  readonly start: Engine["start"];
  readonly plane: PlaneEngine & ProxyMarked;
  readonly pictures: PictureEngine & ProxyMarked;
}

/** What computes, as one quiet line. */
export const deviceNote = signal("");

let engine: Engine | undefined;

/** The engine in its worker, which the first call starts. */
export function openEngine(): Engine {
  engine ??= connected(
    wrap<Exposed>(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" })),
  );
  return engine;
}

const connected = ({ start, plane, pictures }: Remote<Exposed>): Engine => ({
  async start(wanted: WantedDevice) {
    const report = await start(wanted);
    deviceNote.value = report.note;
    return report;
  },
  plane: {
    open: (setup) => plane.open(setup),
    author: () => plane.author(),
    train: (to, report) => plane.train(to, proxy(report)),
    pause: () => plane.pause(),
    sample: (request, show) => plane.sample(request, proxy(show)),
    field: (request) => plane.field(request),
  },
  pictures: {
    open: (source) => pictures.open(source),
    sample: (request, show) => pictures.sample(request, proxy(show)),
    create: (training) => pictures.create(training),
    train: (to, report) => pictures.train(to, proxy(report)),
    pause: () => pictures.pause(),
    download: () => pictures.download(),
  },
});
