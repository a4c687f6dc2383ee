// Draws a figure: Vega-Lite to Vega to SVG, and SVG to pixels; the libraries are loaded by the first figure.

import type { Sharp } from "sharp";
import type { LoggerInterface } from "vega";
import type { TopLevelSpec } from "vega-lite";

/** The figure as SVG, the same for the same figure. Throws when Vega complains about it. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const [{ compile }, vega] = await Promise.all([import("vega-lite"), import("vega")]);
  measureText(vega);
  const runtime = vega.parse(compile(spec, { logger: strict }).spec);
  const view = new vega.View(runtime, { renderer: "none", logger: strict });
  try {
    return renumber(shortenNumbers(await view.toSVG()));
  } finally {
    view.finalize();
  }
}

const SVG_DENSITY = 72;

/** SVG drawn at a scale. Its letters come from the system's fonts: where there are none, they are missing. */
export async function rasterize(svg: string, scale: number): Promise<Sharp> {
  const { default: sharp } = await import("sharp");
  return sharp(Buffer.from(svg), { density: SVG_DENSITY * scale, limitInputPixels: false });
}

// Vega goes on after a warning and leaves something out of the picture; here it is an error.
const complain = (...messages: readonly unknown[]): never => {
  throw new Error(`renderSvg: expected a figure without complaints, got: ${messages.join(" ")}`);
};
const strict = {
  level: () => strict,
  error: complain,
  warn: complain,
  info: () => strict,
  debug: () => strict,
} as unknown as LoggerInterface;

interface TextItem {
  readonly fontSize?: number;
  readonly text?: unknown;
}

// Without a canvas Vega takes 0.8 of the font's size for a letter, which leaves wide gaps around every text; sans-serif ones have 0.6 at most
// on average. Vega's own types leave this setting out.
function measureText(vega: object): void {
  const { textMetrics } = vega as { textMetrics: { width: (item: TextItem, text?: unknown) => number } };
  textMetrics.width = ({ fontSize = 11, text }, part) => 0.6 * fontSize * String(part ?? text ?? "").length;
}

// A hundredth of a pixel is enough, and half of the file.
const shortenNumbers = (svg: string) =>
  svg.replace(/ (?:d|transform)="[^"]*"/g, (shape) => shape.replace(/(\.\d\d)\d+/g, "$1"));

// Vega counts its clips and gradients from the first figure on; in a file they begin at 0.
function renumber(svg: string): string {
  const names = new Map<string, string>();
  return svg.replace(/(?<= id="|url\(#)[a-z]+_?\d+(?=[")])/g, (name) => {
    if (!names.has(name)) names.set(name, `def${names.size}`);
    return names.get(name)!;
  });
}
