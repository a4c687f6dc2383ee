// Runs the parity training on the device of argv[2]; writes what came out as JSON.
import * as ort from "onnxruntime-node";
import { type DeviceName, openDevice } from "../../../lib/run/device.ts";
import { trainAndDraw } from "./run.ts";

const device = await openDevice(ort, process.argv[2] as DeviceName, { strict: true });
console.log(JSON.stringify(await trainAndDraw({ ort, device })));
