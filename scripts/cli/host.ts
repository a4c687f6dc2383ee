// The runtime that scripts use: onnxruntime-node on the chosen device.
import { type DeviceName, openDevice } from "../../lib/run/device.ts";
import type { Host } from "../../lib/run/session.ts";
import { tell } from "./progress.ts";

/** Loaded when it is needed: graphs that were written for this device are lowered already. */
export const lower: Host["lower"] = async (...model) =>
  (await import("../../lib/author/lower-model.ts")).lowerModel(...model);

/** Opens the device and says on standard error when it is not the one that was asked for by name. */
export async function openHost(name: DeviceName): Promise<Host> {
  // Loaded here and not at the top, so that help and usage errors need no native library.
  const ort = await import("onnxruntime-node");
  const device = await openDevice(ort, name, { environment: process.env });
  if (device.note) tell(device.note);
  // On the CPU, where evaluations gain a tenth by it at most, it would take longer than a quick sampling.
  return { ort, device, lower: device.name === "cpu" ? undefined : lower };
}
