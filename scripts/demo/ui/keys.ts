// Keys that do something on a page.

/** Elements that have a use of their own for every key, for space, and for arrows. */
const typing = "select, textarea, input:not([type=radio], [type=checkbox], [type=range])";
const pressed = "button, summary, a, input[type=checkbox]";
const moved = "input";

function isOwn(key: string, target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  if (target.matches(typing)) return true;
  if (key === " ") return target.closest(pressed) !== null;
  return key.startsWith("Arrow") && target.matches(moved);
}

/** Listens for keys, by their names, until the returned function is called. */
export function listenToKeys(keys: Readonly<Record<string, () => void>>): () => void {
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isOwn(event.key, event.target)) return;
    const act = keys[event.key.toLowerCase()] ?? keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  addEventListener("keydown", press);
  return () => removeEventListener("keydown", press);
}
