// The tensors that a run carries from step to step: whether all are there, each of its size.
import { carriedShapes, type Manifest } from "../artifact/manifest.ts";
import { sizeOf } from "../artifact/shape.ts";

/** Throws Error, in the name of `who`, unless `tensors` has all that `carriedShapes` lists. */
export function requireCarried(
  who: string,
  manifest: Manifest,
  tensors: Readonly<Record<string, Float32Array>>,
): void {
  for (const [name, shape] of carriedShapes(manifest)) {
    const [size, found] = [sizeOf(shape), tensors[name]?.length];
    if (found === size) continue;
    throw new Error(`${who}: state "${name}" expected ${size} floats, got ${found ?? "none"}`);
  }
}
