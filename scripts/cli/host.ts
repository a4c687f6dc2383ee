// The runtime that scripts use: onnxruntime-node on the chosen device.
import { type DeviceName, openDevice } from "../../lib/run/device.ts";
import type { Host } from "../../lib/run/session.ts";
import { tell } from "./progress.ts";

/** Opens the device and says on standard error when it is not the one that was asked for by name. */
export async function openHost(name: DeviceName): Promise<Host> {
  // Loaded here and not at the top, so that help and usage errors need no native library.
  const ort = await import("onnxruntime-node");
  const device = await openDevice(ort, name, { environment: process.env });
  if (device.note) tell(device.note);
  return { ort, device };
}
