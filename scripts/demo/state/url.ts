// The address mirrors the state: what is seen can be sent as a link, and a link shows what its sender saw.
import { batch, effect, type Signal } from "@preact/signals";
import type { Entry } from "./stored.ts";

type Table = Readonly<Record<string, Entry>>;

/** The hash for a page and its state, such as "#plane?density=rings&seed=3". */
export function toHash(page: string, table: Table): string {
  const parameters = new URLSearchParams();
  for (const [name, entry] of Object.entries(table)) {
    const text = entry.text();
    if (text !== undefined) parameters.set(name, text);
  }
  const query = parameters.toString();
  return query === "" ? `#${page}` : `#${page}?${query}`;
}

/** Takes over the state that a hash holds, and answers which page it names. */
export function fromHash<P extends string>(hash: string, pages: Readonly<Record<P, Table>>): P | undefined {
  const [name, query = ""] = hash.replace(/^#/, "").split("?", 2);
  const page = (Object.keys(pages) as P[]).find((each) => each === name);
  if (page === undefined) return undefined;
  const parameters = new URLSearchParams(query);
  // All at once: between the old state and the other there is none to show.
  batch(() => {
    for (const [key, entry] of Object.entries<Entry>(pages[page]))
      entry.read(parameters.get(key) ?? undefined);
  });
  return page;
}

/** Keeps address and state the same, in both directions; frequent changes are written once in a while, as browsers ask for. */
export function mirrorInAddress<P extends string>(page: Signal<P>, pages: Readonly<Record<P, Table>>): void {
  const read = () => {
    page.value = fromHash(location.hash, pages) ?? page.peek();
  };
  read();
  addEventListener("hashchange", read);
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const hash = toHash(page.value, pages[page.value]);
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (hash !== location.hash) history.replaceState(null, "", hash);
    }, 200);
  });
}
