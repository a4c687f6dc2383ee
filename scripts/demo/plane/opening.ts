// Opens the density that the state names, whenever it names another one.
import { batch, effect } from "@preact/signals";
import type { PlaneEngine, PlaneSetup } from "../engine/protocol.ts";
import { densityTitles, plane } from "../state/plane.ts";
import { untrained } from "../state/training.ts";
import { complain, field, info, network, paths, problem, runs, setup, status, training } from "./live.ts";

/** Points of one's own that make a density. */
const FEWEST = 8;

/** Goes on until the returned function is called. */
export function keepOpen(engine: PlaneEngine): () => void {
  let turn = 0;
  const open = async (wanted: PlaneSetup) => {
    const mine = ++turn;
    clear();
    if (typeof wanted.density !== "string" && wanted.density.length < 2 * FEWEST) return;
    try {
      await engine.pause();
      const opened = await engine.open(wanted);
      if (mine !== turn) return;
      info.value = opened;
      status.value = `${densityTitles[plane.density.peek()]}.`;
    } catch (error) {
      if (mine === turn) complain(error);
    }
  };
  return effect(() => {
    const wanted = setup.value;
    queueMicrotask(() => void open(wanted));
  });
}

function clear(): void {
  batch(() => {
    problem.value = "";
    for (const emptied of [info, network, field, paths, ...runs]) emptied.value = undefined;
    training.value = untrained;
  });
}
