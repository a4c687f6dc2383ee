// A generator that shares a runtime with other work.

import type { Queue } from "../../../lib/run/queue.ts";
import { nextTurn } from "./next-turn.ts";

/** What it yields, each step when the queue is free, and with room for messages of the page before it. */
export async function* inTurns<T>(generator: AsyncGenerator<T, void>, queue: Queue): AsyncGenerator<T, void> {
  try {
    for (;;) {
      await nextTurn();
      const { done, value } = await queue.run(() => generator.next());
      if (done) return;
      yield value;
    }
  } finally {
    await queue.run(() => generator.return());
  }
}
