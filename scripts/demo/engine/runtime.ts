// ONNX Runtime in the browser: on a GPU where there is one, else on the processor, loaded when it is first needed.
import { lowerModel } from "../../../lib/author/lower-model.ts";
import { openDevice, type Runtime, softwareAdapter } from "../../../lib/run/device.ts";
import type { Host } from "../../../lib/run/session.ts";
import type { DeviceReport, WantedDevice } from "./protocol.ts";

type Choice = Pick<DeviceReport, "device" | "note">;

/** The WebAssembly provider within the WebGPU bundle is three times slower than that of the plain one. */
const bundles = {
  webgpu: () => import("onnxruntime-web/webgpu"),
  wasm: () => import("onnxruntime-web/wasm"),
} satisfies Record<DeviceReport["device"], () => Promise<Runtime>>;

interface Opened {
  readonly host: Host;
  readonly report: DeviceReport;
}

/** Loads the runtime for the wanted device; throws UserError where WebGPU is asked for by name and cannot run. */
export async function openRuntime(wanted: WantedDevice): Promise<Opened> {
  const choice = await choose(wanted);
  try {
    return await load(choice);
  } catch (error) {
    if (wanted !== "auto" || choice.device === "wasm") throw error;
    return load({ device: "wasm", note: "WebAssembly, since WebGPU does not run here" });
  }
}

async function load({ device, note }: Choice): Promise<Opened> {
  const ort: Runtime = await bundles[device]();
  const threads = self.crossOriginIsolated ? threadsFor(navigator.hardwareConcurrency) : 1;
  ort.env.wasm.numThreads = threads;
  // Beside the worker, wherever the page lies.
  ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
  const host = { ort, device: await openDevice(ort, device), lower: lowerModel };
  return { host, report: { device, threads, note } };
}

/** Of many processors half, since as many again are often the other threads of the same cores, and at most four. */
const threadsFor = (processors: number) => Math.min(processors, Math.max(2, Math.min(4, processors >> 1)));

async function choose(wanted: WantedDevice): Promise<Choice> {
  if (wanted === "wasm") return { device: "wasm", note: "WebAssembly" };
  const adapter = await navigator.gpu?.requestAdapter();
  const software = adapter && softwareAdapter(adapter.info);
  if (wanted === "webgpu") return { device: "webgpu", note: software ? `WebGPU, ${software}` : "WebGPU" };
  if (adapter && !software) return { device: "webgpu", note: "WebGPU" };
  return { device: "wasm", note: `WebAssembly, since ${software ?? "there is no WebGPU here"}` };
}
