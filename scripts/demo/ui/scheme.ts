// Light or dark, as the reader's system has it.
import { signal } from "@preact/signals";

const query = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark: read it where colours were read from the style, to read them again. */
export const dark = signal(query.matches);

query.addEventListener("change", () => {
  dark.value = query.matches;
});
