// Runs the parity training in a worker on the device that the address names, and shows what came out as JSON.
import { startWorker } from "./engine/client.ts";

const worker = startWorker();
worker.addEventListener("message", ({ data }) => {
  document.querySelector("output")!.textContent = JSON.stringify(data);
});
worker.postMessage(location.hash.slice(1));
