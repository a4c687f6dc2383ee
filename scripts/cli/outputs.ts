// What a sampling command writes: a grid always, and an animation, single images or an array when asked.
import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
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
export async function checkOutputs({ out, animate, saveEach, npy }: Outputs): Promise<void> {
  requireExtension("--out", out, [".png"]);
  requireExtension("--animate", animate, animationExtensions);
  await requireKind("--out", out, "file");
  await requireKind("--animate", animate, "file");
  await requireKind("--npy", npy, "file");
  await requireKind("--save-each", saveEach, "folder");
}

function requireExtension(option: string, path: string | undefined, extensions: readonly string[]): void {
  if (path !== undefined && !extensions.includes(extname(path).toLowerCase()))
    throw new UsageError(`${option}: expected a name ending in ${extensions.join(" or ")}, got ${path}`);
}

async function requireKind(option: string, path: string | undefined, kind: "file" | "folder"): Promise<void> {
  const there = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (there && there.isDirectory() !== (kind === "folder"))
    throw new UsageError(`${option}: expected the name of a ${kind}, ${path} is none`);
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
