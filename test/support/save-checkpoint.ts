// Run as a process of its own: saves checkpoints of a large state at the given steps, telling of each; `bun save-checkpoint.ts DIR STEP…`.
import { saveCheckpoint } from "../../lib/run/checkpoint.ts";
import { oneVectorManifest } from "./tiny-manifest.ts";

const [dir = "", ...steps] = process.argv.slice(2);
const manifest = oneVectorManifest(2 ** 18);
const vector = Float32Array.from({ length: manifest.parameterCount }, (_, i) => i);
const tensors = { params: vector, ema: vector, m: vector, v: vector };

for (const step of steps) {
  try {
    await saveCheckpoint(dir, manifest, { step: Number(step), seed: 1, skipped: 0, tensors });
    console.log(`saved ${step}`);
  } catch (error) {
    console.log(String(error));
  }
}
