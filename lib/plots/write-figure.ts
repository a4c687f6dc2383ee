// Writes a figure to files: PNG, SVG or both.

import { extname } from "node:path";
import type { TopLevelSpec } from "vega-lite";
import { UserError } from "../errors.ts";
import { writeAtomically } from "../images/write-atomically.ts";
import { rasterize, renderSvg } from "./render.ts";

const PNG_SCALE = 2;

const encoders: Record<string, (svg: string) => Promise<Uint8Array>> = {
  ".png": async (svg) => (await rasterize(svg, PNG_SCALE)).png({ compressionLevel: 9 }).toBuffer(),
  ".svg": async (svg) => new TextEncoder().encode(svg),
};

const extensions = Object.keys(encoders);

/**
 * Writes the figure to the file that the path names, a PNG having two pixels for each of the SVG's; a path without an extension
 * writes both, as path.png and path.svg. Returns the paths written. Throws UserError on another extension or an unwritable path.
 */
export async function writeFigure(path: string, spec: TopLevelSpec): Promise<string[]> {
  const paths = figureFiles(path);
  const svg = await renderSvg(spec);
  for (const file of paths) await writeAtomically(file, await encoders[extensionOf(file)]!(svg));
  return paths;
}

const extensionOf = (path: string) => extname(path).toLowerCase();

/** The files that `writeFigure` writes for a path, to find out early. Throws UserError on another extension. */
export function figureFiles(path: string): string[] {
  const extension = extensionOf(path);
  if (extension === "") return extensions.map((each) => path + each);
  if (extension in encoders) return [path];
  throw new UserError(
    `${path}: expected a figure ending in ${extensions.join(" or ")}, or no ending for both`,
  );
}
