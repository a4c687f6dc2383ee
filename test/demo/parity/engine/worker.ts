// Trains in the page's worker, with the demo's own way to open ONNX Runtime.
import { openRuntime } from "../../../../scripts/demo/engine/runtime.ts";
import { trainAndDraw } from "../run.ts";

addEventListener("message", async ({ data }) => {
  const { host, report } = await openRuntime(data);
  postMessage({ ...(await trainAndDraw(host)), report });
});
