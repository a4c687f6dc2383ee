// What the page is given is a model to open, or images to learn from.
import type { Engine, NamedFile } from "../engine/protocol.ts";
import { areImages } from "./dropped.ts";
import { openFiles, trainOn } from "./opening.ts";

export async function openGiven(engine: Engine, files: readonly NamedFile[]): Promise<void> {
  if (files.length === 0) return;
  if (!areImages(files)) return openFiles(engine, files);
  return trainOn(
    engine,
    files.map(({ file }) => file),
  );
}
