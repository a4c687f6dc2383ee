// The benchmark: what it prints, how it compares, and that it times nobody who computes something else.
import { expect, test } from "bun:test";
import { z } from "zod";
import type { Runner } from "../../scripts/bench/contestant.ts";
import { requireEqual } from "../../scripts/bench/equality.ts";
import { interleaved, median, ratios } from "../../scripts/bench/measure.ts";
import type { Peer } from "../../scripts/bench/peer.ts";
import { runScript } from "../support/script.ts";

test("points: a training step and an evaluation are timed", async () => {
  const { code, stdout } = await runScript("bench", ["--case", "points", "--rounds", "3", "--json"]);
  expect(code).toBe(0);
  const { rounds, rows } = z
    .object({
      rounds: z.number(),
      rows: z.array(z.object({ work: z.string(), of: z.string(), wall: z.number() })),
    })
    .parse(JSON.parse(stdout));
  expect(rounds).toBe(3);
  const works = rows.map(({ work, of }) => `${work} of ${of}`);
  const expected = ["author", "open step", "step", "open evaluation", "evaluation"];
  expect(works).toEqual(expected.map((work) => `${work} of langevin`));
  // A step has three times the products of an evaluation and an optimizer besides.
  expect(rows[2]!.wall).toBeGreaterThan(rows[4]!.wall);
});

test("points: the profile's shares add up and name the products", async () => {
  const { stdout } = await runScript("bench", ["--case", "points", "--profile", "--json"]);
  const { operators, total } = JSON.parse(stdout);
  const sum = (key: "share" | "milliseconds") =>
    operators.reduce((all: number, each: Record<string, number>) => all + each[key]!, 0);
  expect(sum("share")).toBeCloseTo(1, 9);
  expect(sum("milliseconds")).toBeCloseTo(total, 9);
  expect(operators.map(({ of }: { of: string }) => of)).toContain("Gemm");
});

test("rounds go both ways, and two of them warm up", async () => {
  const order: string[] = [];
  const contestant = (name: string) => ({
    name,
    run: async () => ({ wall: order.push(name), cpu: 1 }),
  });
  const timings = await interleaved([contestant("a"), contestant("b")], 2);
  expect(order.join("")).toBe("abbaabba");
  expect(timings.map((each) => each.map(({ wall }) => wall))).toEqual([
    [5, 8],
    [6, 7],
  ]);
});

test("ratios are those of the rounds, and of the shortest", () => {
  const timing = (wall: number) => ({ wall, cpu: 2 * wall });
  const { wall, cpu } = ratios([1, 6, 4].map(timing), [2, 3, 5].map(timing));
  expect(wall).toEqual({ median: 0.8, best: 0.5 });
  expect(cpu).toEqual(wall);
  expect(median([3, 1, 2])).toBe(2);
});

test("a peer that computes something else is not timed", async () => {
  const scalar = (value: number) => ({ data: Float32Array.of(value) });
  const ours = { answer: async () => ({ loss: scalar(0.5), gradient_norm: scalar(2) }) } as unknown as Runner;
  const peer = (norm: number) =>
    ({ answer: async () => ({ wall: 1, cpu: 1, loss: 0.5, norm }) }) as unknown as Peer;
  await requireEqual(ours, peer(2.00001), "step");
  await expect(requireEqual(ours, peer(2.01), "step")).rejects.toThrow(/step 1 differs .* nothing was timed/);
});
