// The worker: opens ONNX Runtime once, and shows the page the engine's parts.
// Safari has no stacks of disposables yet.
import "core-js/actual/async-disposable-stack";
import { expose, proxy } from "comlink";
import type { Exposed } from "./client.ts";
import { pictureEngine } from "./pictures.ts";
import { planeEngine } from "./plane.ts";
import type { WantedDevice } from "./protocol.ts";
import { openRuntime } from "./runtime.ts";

type Opened = ReturnType<typeof openRuntime>;
let opened: Opened | undefined;

/** A device that could not be opened may be asked for again, or another one. */
function opening(wanted: WantedDevice): Opened {
  opened ??= openRuntime(wanted).catch((error) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

/** Reports travel on a port of their own, which the answer must not overtake: it waits for the last of them to be heard. */
const afterReports =
  <Request, Report, Answer>(call: (request: Request, report: (news: Report) => void) => Promise<Answer>) =>
  async (request: Request, report: (news: Report) => unknown): Promise<Answer> => {
    let heard: unknown;
    const answer = await call(request, (news) => {
      heard = report(news);
    });
    await heard;
    return answer;
  };

const host = async () => (await opening("auto")).host;

const plane = planeEngine(host);
const pictures = pictureEngine(host);

expose({
  start: async (wanted) => (await opening(wanted)).report,
  plane: proxy({
    open: (setup) => plane.open(setup),
    author: () => plane.author(),
    train: afterReports((to, report) => plane.train(to, report)),
    pause: () => plane.pause(),
    sample: afterReports((request, show) => plane.sample(request, show)),
    field: (request) => plane.field(request),
  }),
  pictures: proxy({
    ...pictures,
    train: afterReports(pictures.train),
    sample: afterReports(pictures.sample),
  }),
} satisfies Exposed);
