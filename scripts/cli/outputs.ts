// What a sampling command writes: a grid always, and an animation, single images or an array when asked.
import { join } from "node:path";
import { UsageError } from "../../lib/errors.ts";
import { animationExtensions, writeAnimation } from "../../lib/images/animation.ts";
import { writeNpy } from "../../lib/images/npy.ts";
import { writeEach, writePng } from "../../lib/images/png.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { type Drawn, sheet } from "./sampling.ts";

interface Outputs {
  readonly method: string;
  readonly class: number | undefined;
  readonly out: string | undefined;
  readonly animate: string | undefined;
  readonly saveEach: string | undefined;
  readonly npy: string | undefined;
}

/** Refuses what could not be written, before the work is done. */
export function checkOutputs({ animate }: Outputs): void {
  if (animate && !animationExtensions.some((extension) => animate.endsWith(extension)))
    throw new UsageError(
      `--animate: expected a name ending in ${animationExtensions.join(" or ")}, got ${animate}`,
    );
}

/** Writes everything that was asked for; answers the paths. */
export async function writeOutputs(outputs: Outputs, artifact: Artifact, drawn: Drawn): Promise<string[]> {
  const { animate, saveEach, npy } = outputs;
  const { where, manifest } = artifact;
  const { images, frames, count } = drawn;
  const shape = [count, ...manifest.data.shape] as const;
  const columns = outputs.class === undefined ? undefined : Math.ceil(Math.sqrt(count));
  const picture = (each: Float32Array) => sheet(each, manifest, columns);
  const out = outputs.out ?? join(where, "samples", `${outputs.method}.png`);
  await writePng(out, picture(images));
  if (animate) await writeAnimation(animate, frames.map(picture));
  if (saveEach) await writeEach(saveEach, images, shape);
  if (npy) await writeNpy(npy, images, shape);
  return [out, animate, saveEach, npy].filter((path) => path !== undefined);
}
