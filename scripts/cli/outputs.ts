// What a sampling command writes: a grid always, and an animation, single images or an array when asked.
import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { UsageError, UserError } from "../../lib/errors.ts";
import { animationExtensions } from "../../lib/images/animation.ts";
import { writeNpy } from "../../lib/images/npy.ts";
import { writeEach } from "../../lib/images/png.ts";
import type { Artifact } from "../../lib/run/session.ts";
import { sheetsFolder } from "./run-folder.ts";
import { inUnits, samplePictures } from "./sample-pictures.ts";
import type { Drawn } from "./sampling.ts";

interface Outputs {
  readonly method: string;
  /** Of the sheet, one for each class; 0 for as many as look well. */
  readonly columns: number;
  readonly out: string | undefined;
  readonly animate: string | undefined;
  readonly saveEach: string | undefined;
  readonly npy: string | undefined;
  readonly plot: boolean;
}

interface Model {
  readonly artifact: Artifact;
  readonly seed: number;
}

/** Refuses what could not be written, before the work is done. */
export async function checkOutputs({
  out,
  animate,
  saveEach,
  npy,
}: Omit<Outputs, "method" | "columns">): Promise<void> {
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

/** Refuses outputs that samples of this shape do not have. */
export function checkShape(
  { saveEach, plot }: Pick<Outputs, "saveEach" | "plot">,
  shape: readonly number[],
): void {
  if (saveEach && shape.length !== 3)
    throw new UsageError("--save-each writes images, this model draws points; --npy writes those");
  if (plot && shape.join() !== "2")
    throw new UserError(`--plot shows samples in the plane, this model's have shape [${shape}]`);
}

/** Writes everything that was asked for; answers the paths. */
export async function writeOutputs(outputs: Outputs, model: Model, drawn: Drawn): Promise<string[]> {
  const { animate, saveEach, npy, plot } = outputs;
  const { artifact } = model;
  const { where, manifest } = artifact;
  const { samples, frames, count } = drawn;
  const shape = [count, ...manifest.data.shape];
  const pictures = samplePictures(manifest, outputs.columns);
  const out = outputs.out ?? join(sheetsFolder(where), `${outputs.method}.png`);
  await pictures.write(out, samples);
  if (animate) await pictures.animate(animate, frames);
  if (saveEach) {
    const [channels, height, width] = manifest.data.shape as [number, number, number];
    await writeEach(saveEach, samples, [count, channels, height, width]);
  }
  if (npy) await writeNpy(npy, inUnits(samples, manifest), shape);
  const plots = plot ? await plotted(out.replace(/\.png$/i, "-plot"), model, drawn) : [];
  return [out, animate, saveEach, npy, ...plots].filter((path) => path !== undefined);
}

async function plotted(path: string, model: Model, { samples, frames }: Drawn): Promise<string[]> {
  const { plotSampling } = await import("./plots.ts");
  return plotSampling(path, model, samples, frames);
}
