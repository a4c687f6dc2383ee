// Whether the reader wants no motion that was not asked for.
import { signal } from "@preact/signals";

const query = matchMedia("(prefers-reduced-motion: reduce)");

export const stillness = signal(query.matches);

query.addEventListener("change", () => {
  stillness.value = query.matches;
});
