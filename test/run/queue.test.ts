// Work in a queue does not overlap, keeps its order, and outlives a failure.
import { expect, test } from "bun:test";
import { Queue } from "../../lib/run/queue.ts";

test("one piece of work at a time, in order, each with its own answer", async () => {
  const queue = new Queue();
  const log: string[] = [];
  const work = (name: string, milliseconds: number) => async () => {
    log.push(`${name} begins`);
    await Bun.sleep(milliseconds);
    log.push(`${name} ends`);
    if (name === "b") throw new Error("b fails");
    return name;
  };
  const all = await Promise.allSettled([
    queue.run(work("a", 5)),
    queue.run(work("b", 1)),
    queue.run(work("c", 0)),
  ]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  expect(all.map((each) => (each.status === "fulfilled" ? each.value : String(each.reason)))).toEqual([
    "a",
    "Error: b fails",
    "c",
  ]);
});
