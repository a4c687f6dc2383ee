// Typesets a formula while the page is built: import it as a macro, and only MathML reaches the browser.
import katex from "katex";

/** TeX as MathML. Throws for TeX that is none. */
export const tex = (source: string): string =>
  katex.renderToString(source, { output: "mathml", throwOnError: true });
