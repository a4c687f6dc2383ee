// What a dry run says of a step's time, beside training itself.
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digits } from "../../lib/data/digits.ts";
import { suggest } from "../../lib/theory/suggest.ts";
import { openHost } from "../../scripts/cli/host.ts";
import { duration } from "../../scripts/cli/report.ts";
import { estimated, stepTime } from "../../scripts/cli/step-time.ts";
import { authorModel } from "../../scripts/recipes/author-model.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

/** Repeats what takes time, because others may be at work on the machine; answers the ratio that is nearest to 1. */
async function nearest(ratio: () => Promise<number>): Promise<number> {
  const far = (value: number) => Math.abs(Math.log(value));
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 4 && far(best) > Math.LN2; attempt++) {
    const now = await ratio();
    if (far(now) < far(best)) best = now;
  }
  return best;
}

const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

test("tiny: a dry run's seconds are those of training within a factor of 2", async () => {
  const ratio = await nearest(async () => {
    using folder = new TemporaryFolder();
    const run = ["--preset", "tiny", "--out", join(folder.path, "run"), "--json"];
    const dry = JSON.parse((await runScript("train", [...run, "--dry-run"])).stdout);
    expect(dry.timeBy).toBe("5 measured steps");
    expect((await runScript("train", run)).code).toBe(0);
    const metrics = await readFile(join(folder.path, "run/metrics.jsonl"), "utf8");
    const seconds = metrics
      .trim()
      .split("\n")
      .map((line): number => JSON.parse(line).seconds);
    return dry.stepSeconds / middle(seconds);
  });
  expect(Math.abs(Math.log2(ratio))).toBeLessThan(1);
});

test("digits: the estimate for networks that are too large to try is within a factor of 2 of measured steps", async () => {
  const host = await openHost("cpu");
  const data = digits(0);
  const suggestion = suggest(Float32Array.of(-1, 1), 2, 1);
  const { lowering } = host.device;
  const recipe = { preset: "digits", source: "digits", opening: {}, lowering } as const;
  const authored = authorModel(recipe, data, suggestion);
  const ratio = await nearest(async () => {
    const { seconds, by } = await stepTime(host, authored, data);
    expect(by).toBe("5 measured steps");
    return (await estimated(host, authored.stepMultiplyAdds)) / seconds;
  });
  expect(Math.abs(Math.log2(ratio))).toBeLessThan(1);
});

test("durations are told in a unit of which there are some", () => {
  expect([0.5, 119, 121, 7300, 200_000, 1e8].map(duration)).toEqual([
    "0.5 seconds",
    "120 seconds",
    "2 minutes",
    "2 hours",
    "2.3 days",
    "3.2 years",
  ]);
});
