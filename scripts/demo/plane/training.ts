// Trains the network of the open density up to the step that the state names.
import { effect, type ReadonlySignal } from "@preact/signals";
import type { Engine } from "../engine/protocol.ts";
import { plane } from "../state/plane.ts";
import { advanced, type Training, untrained } from "../state/training.ts";
import { complain, info, network, status, training } from "./live.ts";

/** Trains while `visible`, until the returned function is called; `done` hears that weights rest. */
export function keepTraining(engine: Engine, visible: ReadonlySignal<boolean>, done: () => void): () => void {
  let turn = 0;
  let work = Promise.resolve();
  const advance = async (to: number) => {
    const mine = ++turn;
    await engine.plane.pause();
    const before = work;
    work = (async () => {
      await before.catch(() => {}); // whoever asked for that has been told
      if (mine === turn) await trainTo(engine, to, () => mine === turn);
    })();
    await work;
    if (mine === turn) done();
  };
  const dispose = effect(() => {
    const to = plane.trained.value;
    if (info.value === undefined || !visible.value) {
      turn++;
      void engine.plane.pause();
    } else advance(to).catch(complain);
  });
  return () => {
    dispose();
    turn++;
    void engine.plane.pause();
  };
}

async function trainTo(engine: Engine, to: number, wanted: () => boolean): Promise<void> {
  if (to < training.peek().step) forget();
  if (to === training.peek().step) return;
  await engine.start(plane.device.peek());
  if (!wanted()) return;
  const authored = network.peek() ?? (await engine.plane.author());
  // By now another density may be open, which has no network yet.
  if (!wanted()) return;
  network.value = authored;
  const opened = info.peek();
  const report = (news: Partial<Training>) => {
    // A density that was opened since then has a training of its own.
    if (info.peek() === opened) training.value = { ...training.peek(), ...news };
  };
  report({ running: true });
  try {
    await engine.plane.train(to, (progress) => report(advanced(training.peek(), progress)));
  } finally {
    report({ running: false });
  }
  status.value = `Trained ${training.peek().step} steps.`;
}

function forget(): void {
  network.value = undefined;
  training.value = untrained;
}

/** Rests where training is, which becomes the state's own. */
export async function pauseTraining(engine: Engine): Promise<void> {
  await engine.plane.pause();
  await resting();
  plane.trained.value = training.peek().step;
}

const resting = () =>
  new Promise<void>((resolve) => {
    const stop = training.subscribe(({ running }) => {
      if (running) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
